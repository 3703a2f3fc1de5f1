//! I7 no orphan: a secret is wiped only after a refusal; an issued token is stored, or handed back, or
//! its attempt is listed.

use std::collections::BTreeSet;

use finch_core::{AccessToken, Evidence, TokenState};
use finch_tests::{cases, operator, steps};
use proptest::prelude::*;

use crate::history::{nothing, tell};

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i7_no_orphan(history in steps(30)) {
        tell(&history, nothing, async |world, _, ()| {
            // A token that nobody has is covered by a stored one of the same connection at Finch, since
            // one disconnect ends both; or its attempt is listed.
            let mut held = BTreeSet::new();
            let mut nobodys = Vec::new();
            let alive = world.finch.alive();
            let id_at_finch = |secret: &AccessToken| {
                let found = alive.iter().find(|(alive, ..)| alive.expose() == secret.expose());
                found.map(|(_, id, ..)| id.clone())
            };
            for (secret, record) in world.records().await {
                let Some(record) = record else {
                    nobodys.extend(id_at_finch(&secret));
                    continue;
                };
                if !record.state.is_revoked() {
                    held.extend(id_at_finch(&secret));
                }
                let kept = finch_tests::secret(&*world.store, &record).await;
                match record.state {
                    TokenState::Revoked { evidence, .. } => {
                        prop_assert!(kept.is_none());
                        let refused = matches!(evidence, Evidence::Refused { .. });
                        prop_assert!(refused);
                        prop_assert!(!world.finch.accepts(&secret), "wiped, and still billed");
                    }
                    _ => {
                        let kept = kept.expect("every other state keeps its secret");
                        prop_assert_eq!(kept.expose(), secret.expose());
                    }
                }
            }
            nobodys.retain(|id| !held.contains(id));
            let listed = world.app.possible_orphans(&operator(), None, 1000).await.unwrap().len();
            prop_assert!(nobodys.len() <= listed, "{:?} are nobody's, {} attempts are listed", nobodys, listed);
            Ok(())
        })?;
    }
}
