//! What must hold at the end, when faults have stopped, time has passed and reconcilers have run: I7, I9,
//! I10.

use std::collections::HashSet;

use finch_core::{AttemptId, Connection, Evidence, Token, TokenState};

use super::Judge;
use crate::{
    ledger::Ledger,
    remote::{Issued, Remote},
};

impl Judge {
    /// I9: every disconnect has ended, and nothing is in doubt. A token that contradicts its connection
    /// (R5) may keep one open, under attention.
    pub(crate) fn check_progress(&self) {
        let contradicted = |c: &&Connection| c.tokens.iter().any(|t| contradicts(c, t));
        for connection in self.seen.iter().filter(|c| !contradicted(c)) {
            if connection.open_disconnect().is_some() {
                self.fault("I9", format_args!("the disconnect of {:?} is open", connection.key));
            }
            for Token { id, state, progress, .. } in &connection.tokens {
                if matches!(state, TokenState::Unverified | TokenState::Fenced) {
                    self.fault("I9", format_args!("{id} is {}: {progress:?}", state.name()));
                }
            }
        }
    }

    /// I10: what would be handed out here is accepted there.
    pub(crate) fn check_agreement(&self, remote: &Remote, ledger: &Ledger) {
        for token in self.tokens().filter(|token| token.state == TokenState::Active) {
            let Some(secret) = ledger.secrets.get(&token.id) else { continue };
            let known = remote.issued.iter().find(|i| i.secret == *secret);
            if known.is_none_or(|i| !i.alive && !i.ended_outside) {
                self.fault("I10", format_args!("{} is active, and Finch refuses it", token.id));
            }
        }
    }

    /// I7: an issued token that Finch accepts is stored, or was handed back, or its attempt is listed, or
    /// one disconnect with a stored one ends both.
    pub(crate) fn check_orphans(
        &self,
        remote: &Remote,
        ledger: &Ledger,
        listed: &HashSet<AttemptId>,
    ) {
        let stored = |secret: &str, as_is: fn(&TokenState) -> bool| {
            let mut ids = ledger.secrets.iter().filter(|(_, known)| &***known == secret);
            ids.any(|(id, _)| self.token(*id).is_some_and(|(_, token)| as_is(&token.state)))
        };
        let held = |secret: &str| stored(secret, |state| !state.is_revoked());
        let vouched = |state: &TokenState| {
            let by_operator = |evidence| matches!(evidence, &Evidence::ClosedByOperator { .. });
            matches!(state, TokenState::Revoked { evidence, .. } if by_operator(evidence))
        };
        let listed = |i: &Issued| {
            let state = ledger.state_of_code.get(&i.code);
            let attempt = state.and_then(|state| ledger.attempts.get(state));
            attempt.is_some_and(|id| listed.contains(id))
        };
        let alive = || remote.issued.iter().filter(|i| i.alive);
        let beside = |i: &Issued| {
            alive().any(|other| other.connection_id == i.connection_id && held(&other.secret))
        };
        let safe = |i: &Issued| {
            held(&i.secret)
                || stored(&i.secret, vouched)
                || remote.is_a_strangers(i)
                || ledger.handed_back.contains(&*i.secret)
                || listed(i)
                || beside(i)
        };
        let lost = alive().filter(|i| !safe(i)).count();
        if lost > 0 {
            self.fault("I7", format_args!("{lost} tokens are live at Finch, and are lost"));
        }
    }
}

/// Whether the token's provider or company is not its connection's (R5).
fn contradicts(connection: &Connection, token: &Token) -> bool {
    let company = token.facts.company_id.as_ref();
    !token.state.is_revoked()
        && (token.facts.provider_id != connection.provider
            || company.is_some_and(|c| connection.company.as_ref().is_some_and(|own| own != c)))
}
