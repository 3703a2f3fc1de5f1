//! The store in memory.

mod attempts;
mod commit;

use std::{
    collections::BTreeMap,
    ops::Bound,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use finch_core::{
    Agenda, Application, Attempt, AttemptId, Binding, Claim, Commit, Connection, ConnectionFilter,
    ConnectionId, ConnectionKey, CustomerId, Event, EventId, EventQuery, Fingerprint, Found,
    InstanceId, Keyring, Lease, Leased, NewAttempt, Recorded, Sealed, SealedToken, Selector, Seq,
    StoreError, StoreId, Token, TokenFacts, TokenId, TokenQuery, TokenStore, next_turn,
};

/// A [`TokenStore`] in memory: the same behaviour as a durable one, and gone with the process.
#[derive(Debug)]
pub struct MemoryTokenStore {
    binding: Binding,
    data: Mutex<Data>,
}

#[derive(Debug, Default)]
struct Data {
    last: u64,
    keyring: Option<Keyring>,
    /// What happened, and to whose record it belongs.
    events: BTreeMap<EventId, (Option<ConnectionKey>, Event)>,
    last_turn: Option<Timestamp>,
    connections: BTreeMap<ConnectionKey, Kept>,
    secrets: BTreeMap<TokenId, Sealed>,
    attempts: BTreeMap<AttemptId, attempts::Kept>,
}

#[derive(Debug)]
struct Kept {
    connection: Connection,
    agenda: Agenda,
    lease: Option<Lease>,
}

impl Data {
    fn next(&mut self) -> Seq {
        self.last += 1;
        Seq(self.last)
    }

    fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.values().map(|kept| &kept.connection)
    }

    fn with_token(&self, is: impl Fn(&Token) -> bool) -> Option<&Connection> {
        self.connections().find(|c| c.tokens.iter().any(&is))
    }

    /// The newest record of this very token, and the connection that holds it.
    fn holding(&self, fingerprint: &Fingerprint) -> Option<(TokenId, &Connection)> {
        let found = self.connections().filter_map(|c| Some((c.token_of(fingerprint)?.id, c)));
        found.max_by_key(|(id, _)| *id)
    }

    /// The sealed secret of a token that is not revoked; no bytes where it is missing.
    fn sealed(&self, token: TokenId) -> Sealed {
        let missing = Sealed { epoch: 0, bytes: Vec::new() };
        self.secrets.get(&token).cloned().unwrap_or(missing)
    }
}

impl MemoryTokenStore {
    /// An empty store for `application`. Its identity is zeros: what is kept here is opened nowhere else.
    pub fn new(application: Application) -> Self {
        let binding = Binding { application, store: StoreId([0; 16]) };
        Self { binding, data: Mutex::default() }
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    fn binding(&self) -> &Binding {
        &self.binding
    }

    async fn keyring(&self) -> Result<Option<Keyring>, StoreError> {
        Ok(self.data().keyring.clone())
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        Ok(self.data().open_attempt(attempt, *state))
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        Ok(self.data().claim_attempt(customer, state, *code, now))
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        Ok(self.data().possible_orphans(customer, now, after, limit))
    }

    async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError> {
        let data = self.data();
        let holding = data.holding(token);
        let is_revoked =
            |id: TokenId, c: &Connection| c.token(id).is_some_and(|t| t.state.is_revoked());
        let pair = |c: &&Connection| {
            c.company.is_some() && c.company == facts.company_id && c.provider == facts.provider_id
        };
        Ok(Found {
            known: holding.filter(|(id, c)| !is_revoked(*id, c)).map(|(id, c)| (id, c.clone())),
            revoked_before: holding.is_some_and(|(id, c)| is_revoked(id, c)),
            by_pair: data.connections().find(pair).cloned(),
            by_connection_id: data
                .with_token(|t| t.facts.connection_id == facts.connection_id)
                .cloned(),
        })
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let data = self.data();
        let is_own = |t: &Token| customer.is_none() || t.customer.as_ref() == customer;
        let has_own = |c: &&Connection| c.tokens.iter().any(is_own);
        Ok(match selector {
            Selector::Key(key) => {
                data.connections.get(&key).map(|kept| &kept.connection).filter(has_own)
            }
            Selector::Pair(provider, company) => data.pair(provider, Some(company)).filter(has_own),
            Selector::ConnectionId(id) => {
                data.with_token(|t| is_own(t) && t.facts.connection_id == *id)
            }
            Selector::TokenId(id) => data.with_token(|t| is_own(t) && t.id == id),
            Selector::Fingerprint(fingerprint) => {
                let newest = data.holding(fingerprint);
                newest.filter(|(id, c)| c.token(*id).is_some_and(is_own)).map(|(_, c)| c)
            }
            Selector::FinchCustomerId(id) => {
                data.with_token(|t| is_own(t) && t.facts.finch_customer_id.as_ref() == Some(id))
            }
        }
        .cloned())
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        self.data().commit(commit)
    }

    async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError> {
        let data = self.data();
        let found = data.connections().find_map(|c| c.token(token));
        Ok(found.filter(|t| !t.state.is_revoked()).map(|_| data.sealed(token)))
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let data = self.data();
        let is_own = |t: &Token| t.customer.as_ref() == Some(customer);
        let named = data.with_token(|t| is_own(t) && t.facts.connection_id == *connection);
        let token = named.and_then(|c| query.choose(&c.tokens, customer));
        Ok(token.map(|t| SealedToken {
            id: t.id,
            connection_id: t.facts.connection_id.clone(),
            products: t.facts.products.clone(),
            fingerprint: t.fingerprint,
            sealed: data.sealed(t.id),
            used_at: t.used_at,
        }))
    }

    async fn connections(
        &self,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let data = self.data();
        let is_listed = |Kept { connection, agenda, .. }: &Kept| {
            let sealed = connection.tokens.iter().filter_map(|t| data.secrets.get(&t.id));
            filter.selects(connection, agenda, sealed.map(|sealed| sealed.epoch))
        };
        let listed = data.connections.iter().filter(|(_, kept)| is_listed(kept));
        let page = listed.map(|(key, _)| *key).filter(|key| after.is_none_or(|after| *key > after));
        Ok(page.take(limit).collect())
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        let mut data = self.data();
        let Some(kept) = data.connections.get_mut(&connection) else {
            return Ok(Leased::Absorbed);
        };
        let leased = Lease::ask(kept.lease.as_ref(), owner, now);
        if !matches!(leased, Leased::Held(_)) {
            kept.lease = Some(Lease::of(owner.clone(), now));
        }
        Ok(leased)
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        if let Some(kept) = self.data().connections.get_mut(&connection) {
            kept.lease.take_if(|lease| lease.owner == *owner);
        }
        Ok(())
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        let mut data = self.data();
        let turn = next_turn(data.last_turn, every, now);
        data.last_turn = Some(turn);
        Ok(turn)
    }

    async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError> {
        let mut data = self.data();
        let mut tokens = data.connections.values_mut().flat_map(|k| &mut k.connection.tokens);
        if let Some(token) = tokens.find(|t| t.id == token) {
            token.used_at = Some(now);
        }
        Ok(())
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<Recorded>, StoreError> {
        let data = self.data();
        let named = query.connection;
        let named = named.and_then(|id| data.with_token(|t| t.facts.connection_id == *id));
        let after = query.after.map_or(Bound::Unbounded, Bound::Excluded);
        let events = data.events.range((after, Bound::Unbounded));
        let page = events.filter(|(_, (_, event))| query.selects(event, named)).take(query.limit);
        let rows = page.map(|(id, (connection, event))| Recorded {
            id: *id,
            connection: *connection,
            event: event.clone(),
        });
        Ok(rows.collect())
    }
}
