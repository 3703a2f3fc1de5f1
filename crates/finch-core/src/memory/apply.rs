//! Changes in memory.

use super::{Data, Kept};
use crate::{
    Admission, Agenda, Applied, Changes, Connection, ConnectionKey, Revision, StoreError, Target,
    TokenChange, apply::Numbered, decide::union,
};

impl Data {
    pub(super) fn apply(&mut self, changes: Changes) -> Result<Applied, StoreError> {
        self.check(&changes)?;
        let absorbed = changes.absorb.and_then(|(key, _)| self.connections.remove(&key));
        let key = match &changes.target {
            Target::Existing(key, _) => *key,
            Target::New { provider, company } => {
                let key = ConnectionKey(self.next());
                let connection = Connection {
                    key,
                    revision: Revision(0),
                    provider: provider.clone(),
                    company: company.clone(),
                    tokens: Vec::new(),
                    disconnects: Vec::new(),
                    retirements: Vec::new(),
                };
                let (agenda, lease) = (Agenda::default(), None);
                self.connections.insert(key, Kept { connection, agenda, lease });
                key
            }
        };
        let Some(mut kept) = self.connections.remove(&key) else {
            return Err(StoreError::Moved);
        };
        if let Some(absorbed) = absorbed {
            kept.connection = union(&kept.connection, &absorbed.connection);
        }
        let Numbered { admitted, begun } = changes.apply_to(&mut kept.connection, || self.next());
        if let (Some(id), Some(admission)) = (admitted, &changes.admit) {
            self.secrets.insert(id, admission.secret.clone());
            self.known.insert(id, admission.secret.clone());
        }
        for token in kept.connection.tokens.iter().filter(|t| t.state.is_revoked()) {
            self.secrets.remove(&token.id);
        }
        if let Some(agenda) = changes.agenda {
            kept.agenda = agenda;
        }
        kept.connection.revision.0 += 1;
        let revision = kept.connection.revision;
        if let Some((id, end)) = changes.attempt_end(admitted) {
            self.end_attempt(id, end);
        }
        self.events.extend(changes.events);
        self.connections.insert(key, kept);
        Ok(Applied { connection: key, revision, admitted, begun })
    }

    /// Whether what the changes were decided on still holds.
    fn check(&self, changes: &Changes) -> Result<(), StoreError> {
        let holds = |(key, revision): (ConnectionKey, Revision)| {
            self.connections.get(&key).is_some_and(|kept| kept.connection.revision == revision)
        };
        let target = match changes.target {
            Target::Existing(key, revision) => Some((key, revision)),
            Target::New { .. } => None,
        };
        if !target.into_iter().chain(changes.absorb).all(holds) {
            return Err(StoreError::Moved);
        }
        let among =
            |c: &Connection| target.into_iter().chain(changes.absorb).any(|(key, _)| key == c.key);
        if let Some(Admission { facts, secret, .. }) = &changes.admit {
            let named = self.named(&facts.connection_id, None);
            let place = named.or_else(|| self.pair(&facts.provider_id, facts.company_id.as_ref()));
            let known = self
                .holding(secret)
                .filter(|(id, c)| c.token(*id).is_some_and(|t| !t.state.is_revoked()));
            if place.is_some_and(|c| !among(c)) || known.is_some() {
                return Err(StoreError::Moved);
            }
        }
        let revives_a_revoked_one = |change: &TokenChange| {
            let token = self.connections().find_map(|c| c.token(change.id));
            let revives = change.state.as_ref().is_some_and(|state| !state.is_revoked());
            revives && token.is_some_and(|t| t.state.is_revoked())
        };
        if changes.tokens.iter().any(revives_a_revoked_one) {
            return Err(StoreError::Backend("a revoked token stays revoked".into()));
        }
        let (provider, company) = match &changes.target {
            Target::New { provider, company } => (Some(provider), company.as_ref()),
            Target::Existing(key, _) => (
                self.connections.get(key).map(|k| &k.connection.provider),
                changes.company.as_ref(),
            ),
        };
        match provider.and_then(|provider| self.pair(provider, company)) {
            Some(c) if !among(c) => Err(StoreError::Moved),
            _ => Ok(()),
        }
    }

    pub(super) fn pair(
        &self,
        provider: &crate::ProviderId,
        company: Option<&crate::CompanyId>,
    ) -> Option<&Connection> {
        company.and_then(|company| {
            self.connections()
                .find(|c| c.company.as_ref() == Some(company) && c.provider == *provider)
        })
    }
}
