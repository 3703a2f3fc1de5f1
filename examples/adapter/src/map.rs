//! The rows: how they are found, and what a commit writes.

use std::collections::BTreeMap;

use finch_core::{
    Agenda, Attempt, AttemptId, Commit, Connection, ConnectionKey, CustomerId, Fingerprint,
    Keyring, Lease, Recorded, Sealed, Selector, Seq, StoreError, Timestamp, Token, TokenId,
};
use serde::{Deserialize, Serialize};

/// Every row, under its number.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Map {
    pub(crate) last_number: u64,
    pub(crate) keyring: Option<Keyring>,
    pub(crate) connections: BTreeMap<ConnectionKey, (Connection, Agenda)>,
    pub(crate) secrets: BTreeMap<TokenId, Sealed>,
    pub(crate) attempts: BTreeMap<AttemptId, Kept>,
    pub(crate) events: Vec<Recorded>,
    // Beside the rows, so that no commit takes back what these say.
    pub(crate) uses: BTreeMap<TokenId, Timestamp>,
    pub(crate) leases: BTreeMap<ConnectionKey, Lease>,
    pub(crate) last_turn: Option<Timestamp>,
}

/// An attempt: found by its state, claimed by its code.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub(crate) attempt: Attempt,
    pub(crate) state: Fingerprint,
    pub(crate) code: Option<Fingerprint>,
}

impl Map {
    pub(crate) fn next_number(&mut self) -> Seq {
        self.last_number += 1;
        Seq(self.last_number)
    }

    /// The newest token like this, with its connection.
    pub(crate) fn token(&self, is: impl Fn(&Token) -> bool) -> Option<(&Token, &Connection)> {
        let all = self.connections.values().flat_map(|(c, _)| c.tokens.iter().map(move |t| (t, c)));
        all.filter(|(token, _)| is(token)).max_by_key(|(token, _)| token.id)
    }

    pub(crate) fn find(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Option<&Connection> {
        let is_own = |t: &Token| customer.is_none() || t.customer.as_ref() == customer;
        let mut all = self.connections.values().map(|(connection, _)| connection);
        let found = match selector {
            Selector::Key(key) => all.find(|c| c.key == key),
            Selector::Pair(provider, company) => {
                all.find(|c| c.provider == *provider && c.company.as_ref() == Some(company))
            }
            Selector::ConnectionId(id) => {
                all.find(|c| c.tokens.iter().any(|t| is_own(t) && t.facts.connection_id == *id))
            }
            Selector::FinchCustomerId(id) => all.find(|c| {
                let named = |t: &Token| t.facts.finch_customer_id.as_ref() == Some(id);
                c.tokens.iter().any(|t| is_own(t) && named(t))
            }),
            Selector::TokenId(id) => self.token(|t| is_own(t) && t.id == id).map(|(_, c)| c),
            Selector::Fingerprint(same) => {
                let newest = self.token(|t| t.fingerprint == *same);
                newest.filter(|(t, _)| is_own(t)).map(|(_, c)| c)
            }
        };
        found.filter(|c| c.tokens.iter().any(is_own))
    }

    /// A connection as the port shows it: each token with its last use.
    pub(crate) fn shown(&self, connection: &Connection) -> Connection {
        let mut shown = connection.clone();
        for token in &mut shown.tokens {
            token.used_at = self.uses.get(&token.id).copied();
        }
        shown
    }

    /// No bytes where the secret is missing.
    pub(crate) fn sealed(&self, token: &Token) -> Sealed {
        let missing = || Sealed { epoch: 0, bytes: Vec::new() };
        self.secrets.get(&token.id).cloned().unwrap_or_else(missing)
    }

    pub(crate) fn commit(&mut self, commit: Commit) -> Result<Seq, StoreError> {
        self.check(&commit)?;
        let number = self.next_number();
        let commit = commit.numbered(number);
        let key = commit.connection.as_ref().map(|row| row.key);
        if let Some(absorbed) = commit.absorbs {
            self.connections.remove(&absorbed);
            self.leases.remove(&absorbed);
        }
        let before = key.and_then(|key| self.connections.remove(&key)).map(|(before, _)| before);
        if let (Some(after), Some(row)) = (commit.applied_to(before), &commit.connection) {
            self.connections.insert(row.key, (after, row.agenda));
        }
        if let Some((id, end)) = &commit.attempt
            && let Some(Kept { attempt, .. }) = self.attempts.get_mut(id)
            && let Some(exchange) = &mut attempt.exchange
            && exchange.end.as_ref().is_none_or(|now| now.may_become(end))
        {
            exchange.end = Some(end.clone());
        }
        if let Some(keyring) = &commit.keyring {
            self.keyring = Some(keyring.clone());
        }
        for (id, event) in commit.recorded(number) {
            self.events.push(Recorded { id, connection: key, event: event.clone() });
        }
        for row in commit.secrets {
            match row.sealed {
                Some(sealed) => self.secrets.insert(row.token, sealed),
                None => self.secrets.remove(&row.token),
            };
        }
        Ok(number)
    }

    /// Whether what the decision saw still holds, and what is unique or final stays so.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let is_seen = |c: &Connection| commit.seen.iter().any(|(key, _)| *key == c.key);
        let has_moved = commit.seen.iter().any(|(key, revision)| {
            self.connections.get(key).is_none_or(|(now, _)| now.revision != *revision)
        });
        let pair = commit
            .connection
            .as_ref()
            .and_then(|row| self.find(Selector::Pair(&row.provider, row.company.as_ref()?), None));
        let is_taken = |new: &Token| {
            let named = self.find(Selector::ConnectionId(&new.facts.connection_id), None);
            named.is_some_and(|c| !is_seen(c))
        };
        let is_known = commit.admitted().is_some_and(|new| {
            let same = self.token(|t| t.fingerprint == new.fingerprint);
            same.is_some_and(|(t, _)| !t.state.is_revoked())
        });
        if has_moved
            || is_known
            || pair.is_some_and(|c| !is_seen(c))
            || commit.tokens.iter().any(is_taken)
        {
            return Err(StoreError::Moved);
        }
        let is_revived = |now: &Token| {
            self.token(|t| t.id == now.id && t.state.is_revoked()).is_some()
                && !now.state.is_revoked()
        };
        if commit.tokens.iter().any(is_revived) {
            return Err(StoreError::Backend("a revoked token stays revoked".into()));
        }
        let is_empty = self.connections.is_empty() && self.attempts.is_empty();
        let epochs = self.secrets.values().map(|sealed| sealed.epoch);
        commit.check_keys(self.keyring.as_ref(), epochs, is_empty)
    }
}
