//! I3 completeness: after a finished disconnect no token that it covers works, here or at Finch.

use finch_app::DisconnectOutcome;
use finch_tests::{cases, steps};
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
            for token in &connection.tokens {
                prop_assert!(token.state.is_revoked(), "{:?} after {:?}", token, ended);
                prop_assert!(world.store.secret(token.id).await.unwrap().is_none());
            }
            for (secret, record) in world.records().await {
                let covered = record.is_some_and(|r| connection.token(r.id).is_some());
                prop_assert!(!covered || !world.finch.accepts(&secret), "Finch still accepts a covered token");
            }
            Ok(())
        })?;
    }
}
