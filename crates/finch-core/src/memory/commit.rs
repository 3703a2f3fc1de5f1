//! Commits in memory.

use super::{Data, Kept};
use crate::{
    Commit, CompanyId, Connection, ConnectionKey, ProviderId, Revision, Seq, StoreError, Token,
    TokenId,
};

impl Data {
    pub(super) fn commit(&mut self, commit: Commit) -> Result<Seq, StoreError> {
        self.check(&commit)?;
        let number = self.next();
        let admitted = commit.admitted().map(|_| TokenId(number));
        let mut commit = commit.numbered(number);
        let absorbed = commit.absorbs.and_then(|key| self.connections.remove(&key));
        let known = self.connections.remove(&commit.connection.key);
        // When a token was last used is written beside commits, and may be newer than what was loaded.
        let both = || known.iter().chain(&absorbed).map(|kept| &kept.connection);
        for token in &mut commit.tokens {
            token.used_at = both().find_map(|c| c.token(token.id)).and_then(|t| t.used_at);
            if token.state.is_revoked() {
                self.secrets.remove(&token.id);
            }
        }
        let (before, lease) = known.map(|kept| (kept.connection, kept.lease)).unzip();
        let connection = commit.applied_to(before);
        let Commit { connection: row, attempt, events, secret, .. } = commit;
        let kept = Kept { connection, agenda: row.agenda, lease: lease.flatten() };
        self.connections.insert(row.key, kept);
        if let Some((id, secret)) = admitted.zip(secret) {
            self.secrets.insert(id, secret.clone());
            self.known.insert(id, secret);
        }
        if let Some((id, end)) = attempt {
            self.end_attempt(id, end);
        }
        self.events.extend(events);
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
        let held = commit.secret.as_ref().and_then(|secret| self.holding(secret));
        if !commit.seen.iter().all(holds)
            || pair.is_some()
            || named.is_some()
            || held.is_some_and(|(id, c)| is_unrevoked(id, c))
        {
            return Err(StoreError::Moved);
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
