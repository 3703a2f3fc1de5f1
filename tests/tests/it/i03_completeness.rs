//! I3 completeness: after a finished disconnect no token that it covers works, here or at Finch.

use finch_app::DisconnectOutcome;
use finch_core::{Token, TokenState};
use finch_tests::{cases, customer, steps};
use proptest::prelude::*;

use crate::history::{nothing, tell};

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i3_completeness(history in steps(30)) {
        tell(&history, nothing, async |world, _, ()| {
            let ended = world.ended.lock().unwrap().clone();
            let Some(ended) = ended else { return Ok(()) };
            if !matches!(ended.outcome, DisconnectOutcome::Disconnected { .. }) {
                return Ok(());
            }
            let connection = finch_core::Selector::ConnectionId(&ended.connection_id);
            let connection = world.store.load(connection, None).await.unwrap().expect("the connection stays");
            // In a customer's scope another customer's exchange of meanwhile is not covered: it waits, in
            // doubt, for what Finch says; and, if its customer has left since, for whoever else is in doubt.
            let scope = ended.customer.map(|who| customer(who).id().clone());
            let in_doubt = |t: &Token| t.state == TokenState::Unverified;
            let covered = |t: &Token| {
                let anothers = scope.is_some() && t.customer.is_some() && t.customer != scope;
                let mut others = connection.tokens.iter().filter(|o| o.customer != t.customer);
                let left = t.state == TokenState::Retired && others.any(in_doubt);
                !(anothers && (in_doubt(t) || left))
            };
            for token in connection.tokens.iter().filter(|t| covered(t)) {
                prop_assert!(token.state.is_revoked(), "{:?} after {:?}", token, ended);
                prop_assert!(world.store.sealed(token.id).await.unwrap().is_none());
            }
            for (secret, record) in world.records().await {
                let record = record.and_then(|r| connection.token(r.id));
                let accepted = record.is_some_and(covered) && world.finch.accepts(&secret);
                prop_assert!(!accepted, "Finch still accepts a covered token");
            }
            Ok(())
        })?;
    }
}
