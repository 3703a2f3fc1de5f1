//! I7: a secret is wiped only after a refusal, or on an operator's word; an issued token is stored, or its
//! exchange is listed, or one disconnect with a stored token ends both.

use finch_core::{AttemptEnd, Connection, Cover, Evidence, Token, TokenState};
use proptest::prelude::*;

use super::{
    finch::Issued,
    holds_after_each_step,
    request::{Said, What},
    world::World,
};

impl World {
    fn records_of(&self, number: usize) -> impl Iterator<Item = (&Connection, &Token)> {
        let records = self.records.iter().filter(move |(_, token)| **token == number);
        records.filter_map(|(id, _)| {
            let connection = self.store.with(*id)?;
            Some((connection, connection.token(*id)?))
        })
    }

    fn is_held(&self, number: usize) -> bool {
        self.records_of(number).any(|(_, token)| !token.state.is_revoked())
    }

    fn is_vouched_for(&self, number: usize) -> bool {
        self.records_of(number).any(|(_, token)| {
            matches!(
                token.state,
                TokenState::Revoked { evidence: Evidence::ClosedByOperator { .. }, .. }
            )
        })
    }

    /// Whether the answer that brings the token is on its way.
    fn arrives(&self, number: usize) -> bool {
        let brings = |s: &Said| matches!(s, Said::Issued(Some(token)) if *token == number);
        self.requests.iter().any(|r| {
            matches!(r.what, What::Exchange { .. }) && r.answer.as_ref().is_some_and(brings)
        })
    }

    /// Whether the token's exchange is listed as a possible orphan: now, once it is given up, or once Finch
    /// is asked about the token that covers it.
    fn is_listed(&self, issued: &Issued) -> bool {
        let Some(attempt) = self.store.attempt(issued.login.attempt) else { return false };
        match attempt.exchange.as_ref().map(|exchange| &exchange.end) {
            Some(None | Some(AttemptEnd::Unknown(_))) => true,
            Some(Some(AttemptEnd::Covered { by, over, .. })) => {
                let is_dead = !self.finch.issued[self.records[by]].alive;
                let token = self.store.with(*by).and_then(|c| c.token(*by));
                token.is_none_or(|t| {
                    (is_dead && !over && t.state.is_live())
                        || attempt.cover(t, self.is_over(attempt)) == Cover::Lost
                })
            }
            _ => false,
        }
    }
}

#[test]
fn i7_no_token_is_lost() {
    holds_after_each_step("i7_no_token_is_lost", |(): &mut (), _, world, _| {
        let alive = || world.finch.issued.iter().enumerate().filter(|(_, issued)| issued.alive);
        for (number, issued) in alive() {
            let wiped = world.records_of(number).any(|(_, t)| {
                matches!(t.state, TokenState::Revoked { evidence: Evidence::Refused { .. }, .. })
            });
            prop_assert!(!wiped, "token {} at Finch is wiped, and billed", number);
            // One `connection_id` is one connection, whatever company Finch names for it.
            let same = |other: &Issued| other.facts.connection_id == issued.facts.connection_id;
            let mut together = alive()
                .filter(|(other, at_finch)| same(at_finch) || world.finch.reaches(*other, number));
            prop_assert!(
                world.is_held(number)
                    || world.is_vouched_for(number)
                    || world.arrives(number)
                    || world.is_listed(issued)
                    || together.any(|(other, _)| world.is_held(other)),
                "token {} at Finch is in no one's hands: {:?}",
                number,
                issued
            );
        }
        Ok(())
    });
}
