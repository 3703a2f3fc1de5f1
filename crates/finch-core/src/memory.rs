//! The store in memory: for tests, and to read how little a store has to do.

mod attempts;
mod commit;
mod webhooks;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use jiff::Timestamp;

use crate::{
    AccessToken, Agenda, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits,
    Claim, Commit, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId,
    EventQuery, FinchCustomerId, Found, Grant, InstanceId, Lease, Leased, NewAttempt, Query,
    Selector, Seq, State, StoreError, TokenId, TokenState, TokenStore, UsableToken, Wanted,
    WebhookEvent, WebhookEventId, next_turn,
};

/// A [`TokenStore`] in memory: the same behaviour as a durable one, and gone with the process.
/// Secrets are kept in memory as they are.
#[derive(Debug)]
pub struct MemoryTokenStore {
    application: Application,
    data: Mutex<Data>,
}

#[derive(Debug, Default)]
struct Data {
    last: u64,
    /// What happened, in order.
    events: Vec<Event>,
    last_turn: Option<Timestamp>,
    connections: BTreeMap<ConnectionKey, Kept>,
    secrets: BTreeMap<TokenId, AccessToken>,
    /// The hashes of a durable store, without hashing.
    known: BTreeMap<TokenId, AccessToken>,
    attempts: BTreeMap<AttemptId, attempts::Kept>,
    /// Outlives the attempts.
    used_customer_ids: BTreeSet<(FinchCustomerId, CustomerId)>,
    webhooks: BTreeMap<Seq, webhooks::Kept>,
}

#[derive(Debug)]
struct Kept {
    connection: Connection,
    agenda: Agenda,
    lease: Option<Lease>,
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: stands for the comparison of two hashes")]
fn same(a: &AccessToken, b: &AccessToken) -> bool {
    a.expose() == b.expose()
}

impl Data {
    fn next(&mut self) -> Seq {
        self.last += 1;
        Seq(self.last)
    }

    fn connections(&self) -> impl Iterator<Item = &Connection> {
        self.connections.values().map(|kept| &kept.connection)
    }

    /// The connections whose agenda is such.
    fn whose(
        &self,
        is_such: impl Fn(&Agenda) -> bool,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Vec<ConnectionKey> {
        let keys =
            self.connections.iter().filter(|(key, _)| after.is_none_or(|after| **key > after));
        keys.filter(|(_, kept)| is_such(&kept.agenda)).map(|(key, _)| *key).take(limit).collect()
    }

    fn named(&self, id: &ConnectionId, customer: Option<&CustomerId>) -> Option<&Connection> {
        self.connections().find(|c| {
            let mut of_customer =
                c.tokens.iter().filter(|t| customer.is_none() || t.customer.as_ref() == customer);
            of_customer.any(|t| t.facts.connection_id == *id)
        })
    }

    /// The newest record of this very token, and the connection that holds it.
    fn holding(&self, secret: &AccessToken) -> Option<(TokenId, &Connection)> {
        let (id, _) = self.known.iter().rev().find(|(_, known)| same(known, secret))?;
        Some((*id, self.connections().find(|c| c.token(*id).is_some())?))
    }
}

impl MemoryTokenStore {
    /// An empty store for `application`.
    pub fn new(application: Application) -> Self {
        Self { application, data: Mutex::default() }
    }

    fn data(&self) -> MutexGuard<'_, Data> {
        self.data.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl TokenStore for MemoryTokenStore {
    fn application(&self) -> &Application {
        &self.application
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &State,
    ) -> Result<AttemptId, StoreError> {
        Ok(self.data().open_attempt(attempt, state))
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        Ok(self.data().claim_attempt(customer, state, code, now))
    }

    async fn end_attempt(&self, id: AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        self.data().end_attempt(id, end);
        Ok(())
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

    async fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Result<Vec<FinchCustomerId>, StoreError> {
        Ok(self.data().taken_customer_ids(customer, candidates))
    }

    async fn find(&self, grant: &Grant) -> Result<Found, StoreError> {
        let data = self.data();
        let holding = data.holding(&grant.secret);
        let is_revoked =
            |id: TokenId, c: &Connection| c.token(id).is_some_and(|t| t.state.is_revoked());
        let facts = &grant.facts;
        let pair = |c: &&Connection| {
            c.company.is_some() && c.company == facts.company_id && c.provider == facts.provider_id
        };
        Ok(Found {
            known: holding.filter(|(id, c)| !is_revoked(*id, c)).map(|(id, c)| (id, c.clone())),
            revoked_before: holding.is_some_and(|(id, c)| is_revoked(id, c)),
            by_pair: data.connections().find(pair).cloned(),
            by_connection_id: data.named(&facts.connection_id, None).cloned(),
        })
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let data = self.data();
        let of = |c: &&Connection, token: Option<TokenId>| {
            let mut tokens = c.tokens.iter().filter(|t| token.is_none_or(|id| id == t.id));
            customer.is_none() || tokens.any(|t| t.customer.as_ref() == customer)
        };
        Ok(match selector {
            Selector::Key(key) => {
                data.connections.get(&key).map(|k| &k.connection).filter(|c| of(c, None))
            }
            Selector::ConnectionId(id) => data.named(id, customer),
            Selector::Pair(provider, company) => {
                data.pair(provider, Some(company)).filter(|c| of(c, None))
            }
            Selector::TokenId(id) => {
                data.connections().find(|c| c.token(id).is_some()).filter(|c| of(c, Some(id)))
            }
        }
        .cloned())
    }

    async fn token_of(
        &self,
        secret: &AccessToken,
        customer: Option<&CustomerId>,
    ) -> Result<Option<TokenId>, StoreError> {
        let data = self.data();
        let own = |id: TokenId, c: &Connection| {
            c.token(id).is_some_and(|t| customer.is_none() || t.customer.as_ref() == customer)
        };
        Ok(data.holding(secret).filter(|(id, c)| own(*id, c)).map(|(id, _)| id))
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        self.data().commit(commit)
    }

    async fn secret(&self, token: TokenId) -> Result<Option<AccessToken>, StoreError> {
        Ok(self.data().secrets.get(&token).cloned())
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &Wanted,
    ) -> Result<Option<UsableToken>, StoreError> {
        let data = self.data();
        let Some(connection) = data.named(connection, Some(customer)) else {
            return Ok(None);
        };
        let own = connection.tokens.iter().rev().filter(|t| t.customer.as_ref() == Some(customer));
        let token = own
            .filter(|t| t.state == TokenState::Active)
            .find(|t| wanted.accepts(&t.facts.products, t.status.as_ref()));
        Ok(token.and_then(|t| {
            Some(UsableToken {
                secret: data.secrets.get(&t.id)?.clone(),
                connection_id: t.facts.connection_id.clone(),
                products: t.facts.products.clone(),
                id: t.id,
                used_at: t.used_at,
            })
        }))
    }

    async fn connections(&self, query: &Query<'_>) -> Result<Vec<Connection>, StoreError> {
        let data = self.data();
        let named = query.connection.map(|id| data.named(id, query.customer).map(|c| c.key));
        let page = data.connections().filter(|c| named.is_none_or(|key| key == Some(c.key)));
        let own = page.filter(|c| query.after.is_none_or(|after| c.key > after)).filter_map(|c| {
            let mut c = c.clone();
            if let Some(customer) = query.customer {
                c.tokens.retain(|t| t.customer.as_ref() == Some(customer));
                c.retirements.retain(|r| r.customer == *customer);
            }
            (!c.tokens.is_empty()).then_some(c)
        });
        Ok(own.take(query.limit).collect())
    }

    async fn work(
        &self,
        due: Option<Due>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let is_due = |next: Timestamp| due.is_none_or(|due| due.holds(next));
        Ok(self.data().whose(|agenda| agenda.due.is_some_and(is_due), after, limit))
    }

    async fn attention(
        &self,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        Ok(self.data().whose(|agenda| agenda.attention, after, limit))
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

    async fn take_number(&self) -> Result<Seq, StoreError> {
        Ok(self.data().next())
    }

    async fn note_use(
        &self,
        token: TokenId,
        now: Timestamp,
        first: Event,
    ) -> Result<(), StoreError> {
        let mut data = self.data();
        let mut tokens = data.connections.values_mut().flat_map(|k| &mut k.connection.tokens);
        if let Some(token) = tokens.find(|t| t.id == token)
            && token.used_at.replace(now).is_none()
        {
            data.events.push(first);
        }
        Ok(())
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<(EventId, Event)>, StoreError> {
        let data = self.data();
        let names: Option<Vec<_>> = query.connection.map(|id| {
            let tokens = data.named(id, None).map(|c| c.tokens.as_slice()).unwrap_or_default();
            tokens.iter().map(|t| &t.facts.connection_id).collect()
        });
        let asked_for = |event: &Event| {
            (query.customer.is_none() || event.customer.as_ref() == query.customer)
                && query.since.is_none_or(|since| event.at >= since)
                && names.as_ref().is_none_or(|names| {
                    event.connection_id.as_ref().is_some_and(|id| names.contains(&id))
                })
        };
        let numbered = (1..).map(EventId).zip(&data.events);
        let page = numbered.filter(|(id, event)| Some(*id) > query.after && asked_for(event));
        Ok(page.take(query.limit).map(|(id, event)| (id, event.clone())).collect())
    }

    async fn keep_webhook(&self, event: WebhookEvent, awaits: Awaits) -> Result<bool, StoreError> {
        Ok(self.data().keep_webhook(event, awaits))
    }

    async fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, WebhookEvent)>, StoreError> {
        Ok(self.data().webhooks(awaits, after, limit))
    }

    async fn webhook_done(&self, id: &WebhookEventId) -> Result<bool, StoreError> {
        Ok(self.data().webhook_done(id))
    }
}
