//! I7: a secret is wiped only after a refusal, or on an operator's word; an issued token is stored, or its
//! exchange is listed, or one disconnect with a stored token ends both.

use finch_core::{AttemptEnd, Cover, Evidence, TokenState};
use proptest::prelude::*;

use super::{finch::Issued, holds_after_each_step, request::What, world::World};

impl World {
    /// Whether a record of the token at Finch is like that.
    fn has_record(&self, number: usize, is: impl Fn(&TokenState) -> bool) -> bool {
        self.records.iter().filter(|(_, token)| **token == number).any(|(id, _)| {
            let connection = self.store.with(*id);
            connection.is_some_and(|c| c.token(*id).is_some_and(|token| is(&token.state)))
        })
    }

    fn is_held(&self, number: usize) -> bool {
        self.has_record(number, |state| !state.is_revoked())
    }

    fn is_revoked_by(&self, number: usize, by: impl Fn(&Evidence) -> bool) -> bool {
        let is = |state: &TokenState| matches!(state, TokenState::Revoked { evidence, .. } if by(evidence));
        self.has_record(number, is)
    }

    /// Whether the answer that brings the token is on its way.
    fn arrives(&self, number: usize) -> bool {
        self.requests.iter().any(|r| {
            let brings = matches!(&r.answer, Some(Ok((token, _))) if *token == number);
            r.is_awaited && brings && matches!(r.what, What::Exchange(_))
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
                let connection = self.store.with(*by);
                connection.as_ref().and_then(|c| c.token(*by)).is_none_or(|t| {
                    (is_dead && !over && t.state.is_live())
                        || attempt.cover(t, self.is_over(attempt, self.at())) == Cover::Lost
                })
            }
            _ => false,
        }
    }
}

#[test]
fn i7_no_token_is_lost() {
    holds_after_each_step(|(): &mut (), _, world, _| {
        let alive = || world.finch.issued.iter().enumerate().filter(|(_, issued)| issued.alive);
        for (number, issued) in alive() {
            let wiped = world.is_revoked_by(number, |by| matches!(by, Evidence::Refused { .. }));
            prop_assert!(!wiped, "token {} at Finch is wiped, and billed", number);
            let is_word = |by: &Evidence| matches!(by, Evidence::ClosedByOperator { .. });
            // One `connection_id` is one connection, whatever company Finch names for it.
            let same = |other: &Issued| other.facts.connection_id == issued.facts.connection_id;
            let mut together = alive()
                .filter(|(other, at_finch)| same(at_finch) || world.finch.reaches(*other, number));
            prop_assert!(
                world.is_held(number)
                    || world.is_revoked_by(number, is_word)
                    || world.arrives(number)
                    || world.is_listed(issued)
                    || together.any(|(other, _)| world.is_held(other)),
                "no one holds token {} at Finch: {:?}",
                number,
                issued
            );
        }
        Ok(())
    });
}
