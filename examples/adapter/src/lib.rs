#![doc = include_str!("../README.md")]

mod file;
mod map;

use std::time::Duration;

use async_trait::async_trait;
use finch_core::{
    Attempt, AttemptId, Binding, Claim, Commit, Connection, ConnectionFilter, ConnectionId,
    ConnectionKey, CustomerId, EventQuery, Exchange, Fingerprint, Found, InstanceId, Keyring,
    Lease, Leased, NewAttempt, Recorded, Sealed, SealedToken, Selector, Seq, StoreError, Timestamp,
    TokenFacts, TokenId, TokenQuery, TokenStore, forgotten, next_turn,
};

pub use file::FileTokenStore;
use map::Kept;

#[async_trait]
impl TokenStore for FileTokenStore {
    fn binding(&self) -> &Binding {
        &self.binding
    }

    async fn keyring(&self) -> Result<Option<Keyring>, StoreError> {
        Ok(self.map().keyring.clone())
    }

    async fn open_attempt(
        &self,
        purpose: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        self.write(|map| {
            let attempts = map.attempts.values().map(|kept| &kept.attempt);
            for id in forgotten(attempts, purpose.opened_at) {
                map.attempts.remove(&id);
            }
            let id = AttemptId(map.next_number());
            let attempt = Attempt { id, purpose, exchange: None };
            map.attempts.insert(id, Kept { attempt, state: *state, code: None });
            Ok(id)
        })
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        self.write(|map| {
            let began = map.next_number();
            let found = map.attempts.values_mut().find(|kept| {
                let own = customer.is_none_or(|id| *id == kept.attempt.purpose.customer);
                own && kept.state == *state
            });
            let Some(kept) = found else { return Ok(None) };
            let claim = kept.attempt.claim(kept.code == Some(*code), now);
            if claim == Claim::Begin {
                kept.code = Some(*code);
                kept.attempt.exchange = Some(Exchange { began, began_at: now, end: None });
            }
            Ok(Some((kept.attempt.clone(), claim)))
        })
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let map = self.map();
        let attempts = map.attempts.values().map(|kept| &kept.attempt);
        let listed = attempts.filter(|attempt| {
            customer.is_none_or(|customer| *customer == attempt.purpose.customer)
                && after.is_none_or(|after| attempt.id > after)
                && attempt.is_possible_orphan(now)
        });
        Ok(listed.take(limit).cloned().collect())
    }

    async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError> {
        let map = self.map();
        let same = map.token(|t| t.fingerprint == *token);
        let pair = facts.company_id.as_ref().map(|id| Selector::Pair(&facts.provider_id, id));
        let named = map.find(Selector::ConnectionId(&facts.connection_id), None);
        Ok(Found {
            known: same.filter(|(t, _)| !t.state.is_revoked()).map(|(t, c)| (t.id, map.shown(c))),
            revoked_before: same.is_some_and(|(t, _)| t.state.is_revoked()),
            by_pair: pair.and_then(|pair| map.find(pair, None)).map(|c| map.shown(c)),
            by_connection_id: named.map(|c| map.shown(c)),
        })
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let map = self.map();
        Ok(map.find(selector, customer).map(|found| map.shown(found)))
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        self.write(|map| map.commit(commit))
    }

    async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError> {
        let map = self.map();
        let found = map.token(|t| t.id == token && !t.state.is_revoked());
        Ok(found.map(|(token, _)| map.sealed(token)))
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let map = self.map();
        let found = map.find(Selector::ConnectionId(connection), Some(customer));
        let token = found.and_then(|found| query.choose(&found.tokens, customer));
        Ok(token.map(|token| SealedToken {
            id: token.id,
            connection_id: token.facts.connection_id.clone(),
            products: token.facts.products.clone(),
            fingerprint: token.fingerprint,
            sealed: map.sealed(token),
            used_at: map.uses.get(&token.id).copied(),
        }))
    }

    async fn connections(
        &self,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let map = self.map();
        let listed = map.connections.iter().filter(|(key, (connection, agenda))| {
            let sealed = connection.tokens.iter().filter_map(|t| map.secrets.get(&t.id));
            after.is_none_or(|after| **key > after)
                && filter.selects(connection, agenda, sealed.map(|sealed| sealed.epoch))
        });
        Ok(listed.map(|(key, _)| *key).take(limit).collect())
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        self.write(|map| {
            if !map.connections.contains_key(&connection) {
                return Ok(Leased::Absorbed);
            }
            let leased = Lease::ask(map.leases.get(&connection), owner, now);
            if leased == Leased::Taken {
                map.leases.insert(connection, Lease::of(owner.clone(), now));
            }
            Ok(leased)
        })
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        self.write(|map| {
            map.leases.retain(|key, lease| *key != connection || lease.owner != *owner);
            Ok(())
        })
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.write(|map| {
            let turn = next_turn(map.last_turn, every, now);
            map.last_turn = Some(turn);
            Ok(turn)
        })
    }

    async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError> {
        self.write(|map| {
            if map.token(|t| t.id == token).is_some() {
                map.uses.insert(token, now);
            }
            Ok(())
        })
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<Recorded>, StoreError> {
        let map = self.map();
        let named = query.connection.and_then(|id| map.find(Selector::ConnectionId(id), None));
        let listed = map.events.iter().filter(|recorded| {
            query.after.is_none_or(|after| recorded.id > after)
                && query.selects(&recorded.event, named)
        });
        Ok(listed.take(query.limit).cloned().collect())
    }
}
