//! Commits in memory.

use super::{Data, Kept};
use finch_core::{
    Commit, CompanyId, Connection, ConnectionKey, ProviderId, Revision, SecretRow, Seq, StoreError,
    Token, TokenId,
};

impl Data {
    pub(super) fn commit(&mut self, commit: Commit) -> Result<Seq, StoreError> {
        self.check(&commit)?;
        let number = self.next();
        let mut commit = commit.numbered(number);
        let absorbed = commit.absorbs.and_then(|key| self.connections.remove(&key));
        let key = commit.connection.as_ref().map(|row| row.key);
        let known = key.and_then(|key| self.connections.remove(&key));
        // When a token was last used is noted beside commits, and may be newer than what was loaded.
        let both = || known.iter().chain(&absorbed).map(|kept| &kept.connection);
        for token in &mut commit.tokens {
            token.used_at = both().find_map(|c| c.token(token.id)).and_then(|t| t.used_at);
        }
        let (before, lease) = known.map(|kept| (kept.connection, kept.lease)).unzip();
        if let (Some(connection), Some(row)) = (commit.applied_to(before), &commit.connection) {
            let kept = Kept { connection, agenda: row.agenda, lease: lease.flatten() };
            self.connections.insert(row.key, kept);
        }
        let events = commit.recorded(number).map(|(id, event)| (id, (key, event.clone())));
        self.events.extend(events);
        let Commit { attempt, keyring, secrets, .. } = commit;
        for SecretRow { token, sealed } in secrets {
            match sealed {
                Some(sealed) => self.secrets.insert(token, sealed),
                None => self.secrets.remove(&token),
            };
        }
        if let Some((id, end)) = attempt {
            self.end_attempt(id, end);
        }
        self.keyring = keyring.or(self.keyring.take());
        Ok(number)
    }

    /// Whether what was decided on still holds, and what is unique stays so.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let holds = |(key, revision): &(ConnectionKey, Revision)| {
            self.connections.get(key).is_some_and(|kept| kept.connection.revision == *revision)
        };
        let elsewhere = |c: &&Connection| commit.seen.iter().all(|(key, _)| *key != c.key);
        let row = commit.connection.as_ref();
        let pair = row.and_then(|row| self.pair(&row.provider, row.company.as_ref()));
        let named = commit.tokens.iter().find_map(|token| {
            let id = &token.facts.connection_id;
            self.with_token(|t| t.facts.connection_id == *id).filter(elsewhere)
        });
        let is_unrevoked =
            |id: TokenId, c: &Connection| c.token(id).is_some_and(|t| !t.state.is_revoked());
        let held = commit.admitted().and_then(|token| self.holding(&token.fingerprint));
        if !commit.seen.iter().all(holds)
            || pair.filter(elsewhere).is_some()
            || named.is_some()
            || held.is_some_and(|(id, c)| is_unrevoked(id, c))
        {
            return Err(StoreError::Moved);
        }
        let sealed = self.secrets.values().map(|sealed| sealed.epoch);
        let is_empty = self.connections.is_empty() && self.attempts.is_empty();
        commit.check_keys(self.keyring.as_ref(), sealed, is_empty)?;
        let revives = |token: &Token| {
            let known = self.connections().find_map(|c| c.token(token.id));
            known.is_some_and(|known| known.state.is_revoked() && !token.state.is_revoked())
        };
        match commit.tokens.iter().any(revives) {
            true => Err(StoreError::Backend("a revoked token stays revoked".into())),
            false => Ok(()),
        }
    }

    pub(super) fn pair(
        &self,
        provider: &ProviderId,
        company: Option<&CompanyId>,
    ) -> Option<&Connection> {
        company.and_then(|company| {
            self.connections()
                .find(|c| c.company.as_ref() == Some(company) && c.provider == *provider)
        })
    }
}
