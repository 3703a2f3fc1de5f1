//! I5: a revoked token never works again; a retired, superseded, fenced or quarantined one is never active.

use finch_core::{Evidence, TokenState};
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
    holds_after_each_step(|(): &mut (), before, world, _| {
        for old in before.connections.iter().flat_map(|c| &c.tokens) {
            let connection = world.store.with(old.id);
            let now = connection.as_ref().and_then(|c| c.token(old.id)).map(|t| &t.state);
            prop_assert!(
                now.is_some_and(|now| may_become(&old.state, now)),
                "{} went from {:?} to {now:?}",
                old.id,
                old.state
            );
        }
        for token in world.store.connections.iter().flat_map(|c| &c.tokens) {
            if let TokenState::Revoked { evidence: Evidence::Refused { .. }, .. } = token.state {
                let at_finch = &world.finch.issued[world.records[&token.id]];
                prop_assert!(!at_finch.alive, "{} is revoked, and works at Finch", token.id);
            }
        }
        Ok(())
    });
}
