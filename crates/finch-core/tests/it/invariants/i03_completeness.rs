//! I3: after a finished disconnect no token that it covers works, here or at Finch.

use std::collections::BTreeSet;

use finch_core::{
    Actor, Connection, Disconnect, DisconnectState, Evidence, Token, TokenId, TokenState,
};
use proptest::prelude::*;

use super::{Before, holds_after_each_step, world::World};

/// What disconnects and retirements cover, by their scope and the order of numbers alone.
#[derive(Default)]
struct Covered {
    /// They were there when a disconnect began, or was joined.
    fenced: BTreeSet<TokenId>,
    /// They have come since, from exchanges that began before.
    late: BTreeSet<TokenId>,
}

impl Covered {
    fn look(&mut self, before: &Before, connection: &Connection) {
        let known = |d: &Disconnect| {
            before.connections.iter().any(|c| c.disconnects.iter().any(|old| old.id == d.id))
        };
        for disconnect in &connection.disconnects {
            let is_new = !known(disconnect);
            for token in &connection.tokens {
                let home = before.connections.iter().find(|c| c.token(token.id).is_some());
                let comes =
                    home.is_none_or(|c| c.disconnects.iter().all(|d| d.id != disconnect.id));
                if home.is_some() && is_new && !token.state.is_revoked() {
                    self.fenced.extend(fences(disconnect, token).then_some(token.id));
                } else if comes && token.since() < disconnect.id.0 && reaches(disconnect, token) {
                    self.late.insert(token.id);
                }
            }
        }
        for retirement in &connection.retirements {
            let retires = |t: &&Token| {
                t.customer.as_ref() == Some(&retirement.customer)
                    && t.exchange_began < retirement.seq
            };
            self.late.extend(connection.tokens.iter().filter(retires).map(|t| t.id));
        }
    }
}

/// Whether a disconnect that begins, or a request that joins it, takes a token that is there.
fn fences(disconnect: &Disconnect, token: &Token) -> bool {
    let joins = matches!(disconnect.state, DisconnectState::Merged { .. });
    match &disconnect.intent.by {
        Actor::Finch => false,
        Actor::Customer(by) if joins => token.customer.as_ref().is_none_or(|c| c == by),
        _ => true,
    }
}

/// Whether a disconnect takes the token of an exchange that began before it.
fn reaches(disconnect: &Disconnect, token: &Token) -> bool {
    match &disconnect.intent.by {
        Actor::Finch => false,
        Actor::Operator(_) => true,
        Actor::Customer(by) => token.customer.as_ref().is_none_or(|c| c == by),
        Actor::Reconciler => token.customer.is_none(),
    }
}

/// Whether a covered token is over, once no disconnect is open; or is kept unused for the next one.
fn is_over(world: &World, connection: &Connection, token: &Token) -> bool {
    match &token.state {
        TokenState::Active | TokenState::Unverified | TokenState::Fenced => false,
        TokenState::Revoked { evidence: Evidence::Refused { .. }, .. } => {
            !world.finch.issued[world.records[&token.id]].alive
        }
        TokenState::Revoked { .. } => true,
        // It came too late, while something newer lives or others use the connection.
        TokenState::Superseded | TokenState::Retired => {
            let waits = |t: &Token| t.state.is_live() || t.state == TokenState::Quarantined;
            connection.tokens.iter().any(waits) || finch_core::decide::is_left_over(connection)
        }
        _ => true,
    }
}

#[test]
fn i3_a_finished_disconnect_leaves_nothing_that_works() {
    holds_after_each_step(|covered: &mut Covered, before, world, _| {
        for connection in &world.store.connections {
            covered.look(before, connection);
            for token in &connection.tokens {
                let fenced = covered.fenced.contains(&token.id);
                if !fenced && !covered.late.contains(&token.id) {
                    continue;
                }
                prop_assert!(!token.state.is_live(), "a covered {} is {:?}", token.id, token.state);
                let open = connection.open_disconnect().is_some();
                let is_over = is_over(world, connection, token);
                let is_over = is_over && (!fenced || token.state.is_revoked());
                prop_assert!(open || is_over, "{:?} is left", token);
            }
        }
        Ok(())
    });
}
