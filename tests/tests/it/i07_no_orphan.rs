//! I7 no orphan: a secret is wiped only after a refusal; an issued token is stored, or handed back, or
//! its attempt is listed.

use finch_core::{Evidence, TokenState};
use finch_tests::{cases, operator, steps};
use proptest::prelude::*;

use crate::history::{nothing, tell};

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i7_no_orphan(history in steps(30)) {
        tell(&history, nothing, async |world, _, ()| {
            let mut unstored = 0;
            for (secret, record) in world.records().await {
                let Some(record) = record else {
                    unstored += 1;
                    continue;
                };
                let kept = world.store.secret(record.id).await.unwrap();
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
            let listed = world.app.possible_orphans(&operator(), None, 1000).await.unwrap();
            prop_assert!(unstored <= listed.len(), "{} tokens that nobody has, {} listed", unstored, listed.len());
            Ok(())
        })?;
    }
}
