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
        for connection in &self.seen {
            if connection.tokens.iter().any(|t| contradicts(connection, t)) {
                continue;
            }
            if connection.open_disconnect().is_some() {
                let what = format_args!("the disconnect of {:?} is open", connection.key);
                self.fault("I9 progress", what);
            }
            let waits = |t: &&Token| matches!(t.state, TokenState::Unverified | TokenState::Fenced);
            for Token { id, state, progress, .. } in connection.tokens.iter().filter(waits) {
                let what = format_args!("{id} is {}: {progress:?}", state.name());
                self.fault("I9 progress", what);
            }
        }
    }

    /// I10: what would be handed out here is accepted there.
    pub(crate) fn check_agreement(&self, remote: &Remote, ledger: &Ledger) {
        for token in self.seen.iter().flat_map(|c| &c.tokens) {
            let Some(secret) = ledger.secrets.get(&token.id) else { continue };
            let known = remote.issued.iter().find(|i| i.secret == *secret);
            let dead = known.is_none_or(|i| !i.alive && !i.ended_outside);
            if token.state == TokenState::Active && dead {
                let what = format_args!("{} is active, and Finch refuses it", token.id);
                self.fault("I10 agreement", what);
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
        let listed = |i: &Issued| {
            let state = ledger.state_of_code.get(&i.code);
            let attempt = state.and_then(|state| ledger.attempts.get(state));
            attempt.is_some_and(|id| listed.contains(id))
        };
        let alive = || remote.issued.iter().filter(|i| i.alive);
        let vouched = |secret: &str| {
            stored(secret, |state| {
                matches!(
                    state,
                    TokenState::Revoked { evidence: Evidence::ClosedByOperator { .. }, .. }
                )
            })
        };
        let safe = |i: &Issued| {
            held(&i.secret)
                || vouched(&i.secret)
                || remote.is_a_strangers(i)
                || ledger.handed_back.contains(&*i.secret)
                || listed(i)
                || alive()
                    .any(|other| other.connection_id == i.connection_id && held(&other.secret))
        };
        let lost = alive().filter(|i| !safe(i)).count();
        if lost > 0 {
            let what = format_args!("{lost} tokens are live at Finch, and are lost");
            self.fault("I7 no orphan", what);
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
