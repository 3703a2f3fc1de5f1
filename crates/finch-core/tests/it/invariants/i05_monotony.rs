//! I5: a revoked token never works again; a retired, superseded, fenced or quarantined one is never active.

use finch_core::{Evidence, Token, TokenState};
use proptest::prelude::*;

use super::holds_after_each_step;

/// Whether a token may go from one state to another.
fn may_become(from: &TokenState, to: &TokenState) -> bool {
    use TokenState::{Active, Fenced, Retired, Revoked, Superseded, Unverified};
    match (from, to) {
        (Revoked { .. }, _) => from == to,
        (_, Revoked { .. } | Fenced) => true,
        (Active | Unverified, Active | Unverified | Retired | Superseded) => true,
        _ => from == to,
    }
}

#[test]
fn i5_what_has_ended_never_works_again() {
    let name = "i5_what_has_ended_never_works_again";
    holds_after_each_step(name, |(): &mut (), before, world, _| {
        let tokens = |c: &[std::rc::Rc<finch_core::Connection>]| -> Vec<Token> {
            c.iter().flat_map(|c| c.tokens.clone()).collect()
        };
        let (was, is) = (tokens(&before.connections), tokens(&world.store.connections));
        for old in &was {
            let now = is.iter().find(|t| t.id == old.id);
            prop_assert!(now.is_some(), "{} is gone", old.id);
            let now = now.map(|t| &t.state).unwrap_or(&old.state);
            prop_assert!(
                may_become(&old.state, now),
                "{} went from {:?} to {:?}",
                old.id,
                old.state,
                now
            );
        }
        for token in &is {
            if let TokenState::Revoked { evidence: Evidence::Refused { .. }, .. } = token.state {
                let at_finch = &world.finch.issued[world.records[&token.id]];
                prop_assert!(!at_finch.alive, "{} is revoked, and works at Finch", token.id);
            }
        }
        Ok(())
    });
}
