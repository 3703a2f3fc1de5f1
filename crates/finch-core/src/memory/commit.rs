//! Commits in memory.

use super::{Data, Kept};
use crate::{
    Commit, CompanyId, Connection, ConnectionKey, ProviderId, Revision, SecretRow, Seq, StoreError,
    Token, TokenId,
};

impl Data {
    pub(super) fn commit(&mut self, commit: Commit) -> Result<Seq, StoreError> {
        self.check(&commit)?;
        let number = self.next();
        let mut commit = commit.numbered(number);
        let absorbed = commit.absorbs.and_then(|key| self.connections.remove(&key));
        let known = self.connections.remove(&commit.connection.key);
        // When a token was last used is noted beside commits, and may be newer than what was loaded.
        let both = || known.iter().chain(&absorbed).map(|kept| &kept.connection);
        for token in &mut commit.tokens {
            token.used_at = both().find_map(|c| c.token(token.id)).and_then(|t| t.used_at);
        }
        let (before, lease) = known.map(|kept| (kept.connection, kept.lease)).unzip();
        let connection = commit.applied_to(before);
        let Commit { connection: row, attempt, events, secrets, .. } = commit;
        let kept = Kept { connection, agenda: row.agenda, lease: lease.flatten() };
        self.connections.insert(row.key, kept);
        for SecretRow { token, sealed } in secrets {
            match sealed {
                Some(sealed) => self.secrets.insert(token, sealed),
                None => self.secrets.remove(&token),
            };
        }
        if let Some((id, end)) = attempt {
            self.end_attempt(id, end);
        }
        self.events.extend(events.into_iter().map(|event| (Some(row.key), event)));
        Ok(number)
    }

    /// Whether what was decided on still holds, and what is unique stays so.
    fn check(&self, commit: &Commit) -> Result<(), StoreError> {
        let holds = |(key, revision): &(ConnectionKey, Revision)| {
            self.connections.get(key).is_some_and(|kept| kept.connection.revision == *revision)
        };
        let elsewhere = |c: &&Connection| commit.seen.iter().all(|(key, _)| *key != c.key);
        let row = &commit.connection;
        let pair = self.pair(&row.provider, row.company.as_ref()).filter(elsewhere);
        let named = commit
            .tokens
            .iter()
            .find_map(|token| self.named(&token.facts.connection_id, None).filter(elsewhere));
        let is_unrevoked =
            |id: TokenId, c: &Connection| c.token(id).is_some_and(|t| !t.state.is_revoked());
        let held = commit.admitted().and_then(|token| self.holding(&token.fingerprint));
        if !commit.seen.iter().all(holds)
            || pair.is_some()
            || named.is_some()
            || held.is_some_and(|(id, c)| is_unrevoked(id, c))
        {
            return Err(StoreError::Moved);
        }
        let oldest = self.keyring.as_ref().map_or(0, |keyring| keyring.oldest);
        let sealed = commit.secrets.iter().filter_map(|secret| secret.sealed.as_ref());
        if sealed.into_iter().any(|sealed| sealed.epoch < oldest) {
            return Err(StoreError::OldEpoch);
        }
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
