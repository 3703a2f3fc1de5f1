//! I5 monotony: a revoked token never works again; retired, superseded, fenced and quarantined tokens
//! never become active.

use std::{cell::RefCell, collections::BTreeMap};

use finch_core::{TokenId, TokenState};
use finch_tests::{cases, steps};
use proptest::prelude::*;

use crate::history::{nothing, tell};

proptest! {
    #![proptest_config(cases())]
    #[test]
    fn i5_monotony(history in steps(30)) {
        let known: RefCell<BTreeMap<TokenId, TokenState>> = RefCell::default();
        let length = history.len();
        let told = RefCell::new(0);
        tell(&history, nothing, async |world, _, ()| {
            if *told.borrow() == length {
                known.borrow_mut().clear(); // The same history, in the other reading.
                *told.borrow_mut() = 0;
            }
            *told.borrow_mut() += 1;
            for (secret, record) in world.records().await {
                let Some(record) = record else { continue };
                if let Some(before) = known.borrow().get(&record.id) {
                    if before.is_revoked() {
                        prop_assert!(record.state.is_revoked());
                    } else if !before.is_live() {
                        prop_assert!(!record.state.is_live(), "{:?} became {:?}", before, record.state);
                    }
                }
                if record.state.is_revoked() {
                    prop_assert!(!world.finch.accepts(&secret), "revoked here, and alive at Finch");
                }
                known.borrow_mut().insert(record.id, record.state);
            }
            Ok(())
        })?;
    }
}
