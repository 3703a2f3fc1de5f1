//! Changes in memory.

use super::{Data, Kept};
use crate::{
    Admission, Applied, Changes, Connection, ConnectionKey, Disconnect, DisconnectChange,
    DisconnectId, DisconnectState, Progress, Revision, StoreError, Target, Token, TokenChange,
    TokenId, decide::union,
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
                };
                self.connections.insert(key, Kept { connection, due: None, events: Vec::new() });
                key
            }
        };
        let Some(mut kept) = self.connections.remove(&key) else {
            return Err(StoreError::Moved);
        };
        if let Some(absorbed) = absorbed {
            kept.connection = union(&kept.connection, &absorbed.connection);
            kept.events.extend(absorbed.events);
            kept.events.sort_by_key(|(place, _)| *place);
        }
        let connection = &mut kept.connection;
        connection.company = changes.company.clone().or(connection.company.take());
        let admitted = changes.admit.as_ref().map(|admission| self.admit(connection, admission));
        for change in &changes.tokens {
            self.change(connection, change);
        }
        let mut begun = None;
        for change in &changes.disconnects {
            self.disconnect(connection, change, &mut begun);
        }
        if let Some(agenda) = changes.agenda {
            kept.due = agenda.due;
        }
        kept.connection.revision.0 += 1;
        let revision = kept.connection.revision;
        if let Some((id, end)) = changes.attempt_end(admitted) {
            self.end_attempt(id, end);
        }
        for event in changes.events {
            self.last_event += 1;
            kept.events.push((self.last_event, event));
        }
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
        let revoked = |change: &TokenChange| {
            let token = self.connections().find_map(|c| c.token(change.id));
            change.state.is_some() && token.is_some_and(|t| t.state.is_revoked())
        };
        if changes.tokens.iter().any(revoked) {
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

    fn admit(&mut self, connection: &mut Connection, admission: &Admission) -> TokenId {
        let id = TokenId(self.next());
        connection.tokens.push(Token {
            id,
            customer: admission.customer.clone(),
            facts: admission.facts.clone(),
            finch_token_id: None,
            status: None,
            state: admission.state.clone(),
            exchange_began: admission.exchange_began,
            verified: None,
            added_at: admission.at,
            progress: Progress::default(),
        });
        self.secrets.insert(id, admission.secret.clone());
        self.known.insert(id, admission.secret.clone());
        id
    }

    fn change(&mut self, connection: &mut Connection, change: &TokenChange) {
        let verified = change.verified.then(|| self.next());
        let Some(token) = connection.tokens.iter_mut().find(|t| t.id == change.id) else {
            return;
        };
        if let Some(state) = &change.state {
            token.state = state.clone();
            if state.is_revoked() {
                self.secrets.remove(&token.id);
            }
        }
        token.verified = verified.or(token.verified);
        token.progress = change.progress.clone().unwrap_or(std::mem::take(&mut token.progress));
        token.facts.products =
            change.products.clone().unwrap_or(std::mem::take(&mut token.facts.products));
        token.status = change.status.clone().or(token.status.take());
        token.finch_token_id = change.finch_token_id.clone().or(token.finch_token_id.take());
    }

    fn disconnect(
        &mut self,
        connection: &mut Connection,
        change: &DisconnectChange,
        begun: &mut Option<DisconnectId>,
    ) {
        let (id, state) = match change {
            DisconnectChange::Begin(intent) => {
                let id = DisconnectId(self.next());
                *begun = Some(id);
                let state = DisconnectState::Open;
                connection.disconnects.push(Disconnect { id, intent: intent.clone(), state });
                return;
            }
            DisconnectChange::Join(intent, into) => {
                let id = DisconnectId(self.next());
                let state = DisconnectState::Merged { into: *into };
                connection.disconnects.push(Disconnect { id, intent: intent.clone(), state });
                return;
            }
            DisconnectChange::End(id, at) => {
                (id.or(*begun), DisconnectState::Ended { seq: self.next(), at: *at })
            }
            DisconnectChange::Reopen(id) => (Some(*id), DisconnectState::Open),
            DisconnectChange::Merge(id, into) => {
                (Some(*id), DisconnectState::Merged { into: *into })
            }
        };
        if let Some(disconnect) = connection.disconnects.iter_mut().find(|d| Some(d.id) == id) {
            disconnect.state = state;
        }
    }
}
