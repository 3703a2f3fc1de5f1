// Long because it forwards every call of the port.
//! The port to the store: each call waits, and runs to its end while everybody else does.

use std::{
    future::Future,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits, Claim,
    Commit, CompanyId, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId,
    EventQuery, FinchCustomerId, Found, Grant, InstanceId, Leased, NewAttempt, ProviderId, Query,
    Selector, Seq, State, StoreError, Timestamp, TokenId, TokenStore, UsableToken, Wanted,
    WebhookEvent, WebhookEventId,
};

use crate::{
    executor::finish,
    fault::{Fault, unreadable},
    finch::lock,
    gate::{About, Gate, Kind, Point},
    ledger::Ledger,
};

/// A store, as one host sees it.
#[derive(Clone)]
pub(crate) struct GatedStore {
    /// Which host.
    pub(crate) host: usize,
    /// Where its calls wait.
    pub(crate) gate: Gate,
    /// The store itself.
    pub(crate) store: Arc<dyn TokenStore>,
    /// What is learned at the gate.
    pub(crate) ledger: Arc<Mutex<Ledger>>,
}

type Running<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

impl GatedStore {
    async fn call<T: Send + 'static>(
        &self,
        kind: Kind,
        name: &'static str,
        note: String,
        run: impl for<'a> FnOnce(&'a dyn TokenStore) -> Running<'a, T> + Send + 'static,
        learn: impl FnOnce(&mut Ledger, &T) + Send + 'static,
    ) -> Result<T, StoreError> {
        let (store, ledger) = (Arc::clone(&self.store), Arc::clone(&self.ledger));
        let about = About { point: Point { kind, name }, note, with: None, until: None };
        let answer = self.gate.pass(self.host, about, move |fault| {
            let answer = match fault {
                Some(fault) if fault != Fault::IoAfter => Err(fault.store_error()),
                _ => finish(run(&*store)),
            };
            if let Ok(answer) = &answer {
                learn(&mut lock(&ledger), answer);
            }
            let answer = match fault {
                Some(Fault::IoAfter) => Err(Fault::IoAfter.store_error()),
                _ => answer,
            };
            let said = match &answer {
                Ok(_) => "ok".to_owned(),
                Err(error) => format!("{error}"),
            };
            (answer, said)
        });
        answer.await
    }

    async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        note: String,
        run: impl for<'a> FnOnce(&'a dyn TokenStore) -> Running<'a, T> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.call(Kind::Read, name, note, run, |_, _| ()).await
    }

    /// A read of secrets fails where one was made unreadable.
    fn opens(&self, token: TokenId) -> Result<(), StoreError> {
        let mut ledger = lock(&self.ledger);
        if std::mem::take(&mut ledger.damages_next) {
            ledger.unreadable.insert(token);
        }
        if ledger.unreadable.contains(&token) { Err(unreadable(token)) } else { Ok(()) }
    }
}

/// A selector that owns what it selects by.
enum By {
    Key(ConnectionKey),
    ConnectionId(ConnectionId),
    Pair(ProviderId, CompanyId),
    TokenId(TokenId),
}

impl By {
    fn of(selector: Selector<'_>) -> Self {
        match selector {
            Selector::Key(key) => Self::Key(key),
            Selector::ConnectionId(id) => Self::ConnectionId(id.clone()),
            Selector::Pair(provider, company) => Self::Pair(provider.clone(), company.clone()),
            Selector::TokenId(id) => Self::TokenId(id),
        }
    }

    fn selector(&self) -> Selector<'_> {
        match self {
            Self::Key(key) => Selector::Key(*key),
            Self::ConnectionId(id) => Selector::ConnectionId(id),
            Self::Pair(provider, company) => Selector::Pair(provider, company),
            Self::TokenId(id) => Selector::TokenId(*id),
        }
    }
}

#[async_trait]
impl TokenStore for GatedStore {
    fn application(&self) -> &Application {
        self.store.application()
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &State,
    ) -> Result<AttemptId, StoreError> {
        let (note, by) = (attempt.customer.to_string(), state.clone());
        let known = state.expose().to_owned();
        self.call(
            Kind::Write,
            "open attempt",
            note,
            move |store| Box::pin(async move { store.open_attempt(attempt, &by).await }),
            move |ledger, id| {
                ledger.attempts.insert(known, *id);
            },
        )
        .await
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let (customer, state, code) = (customer.cloned(), state.clone(), code.clone());
        self.call(
            Kind::Write,
            "claim attempt",
            String::new(),
            move |store| {
                Box::pin(
                    async move { store.claim_attempt(customer.as_ref(), &state, &code, now).await },
                )
            },
            |_, _| (),
        )
        .await
    }

    async fn end_attempt(&self, id: AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        let note = format!("{} {end:?}", id.0.0);
        self.call(
            Kind::Write,
            "end attempt",
            note,
            move |store| store.end_attempt(id, end),
            |_, ()| (),
        )
        .await
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let customer = customer.cloned();
        self.read("possible orphans", String::new(), move |store| {
            Box::pin(
                async move { store.possible_orphans(customer.as_ref(), now, after, limit).await },
            )
        })
        .await
    }

    async fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Result<Vec<FinchCustomerId>, StoreError> {
        let (note, customer, candidates) =
            (customer.to_string(), customer.clone(), candidates.to_vec());
        self.read("taken customer ids", note, move |store| {
            Box::pin(async move { store.taken_customer_ids(&customer, &candidates).await })
        })
        .await
    }

    async fn find(&self, grant: &Grant) -> Result<Found, StoreError> {
        let (note, grant) = (grant.facts.connection_id.to_string(), grant.clone());
        self.read("find", note, move |store| Box::pin(async move { store.find(&grant).await }))
            .await
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let note = format!("{selector:?}");
        let (by, customer) = (By::of(selector), customer.cloned());
        self.read("load", note, move |store| {
            Box::pin(async move { store.load(by.selector(), customer.as_ref()).await })
        })
        .await
    }

    async fn token_of(
        &self,
        secret: &AccessToken,
        customer: Option<&CustomerId>,
    ) -> Result<Option<TokenId>, StoreError> {
        let (secret, customer) = (secret.clone(), customer.cloned());
        self.read("token of", String::new(), move |store| {
            Box::pin(async move { store.token_of(&secret, customer.as_ref()).await })
        })
        .await
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        let note = crate::trace::commit(&commit);
        let known = commit.clone();
        self.call(
            Kind::Write,
            "commit",
            note,
            move |store| store.commit(commit),
            move |ledger, number| ledger.committed(known, *number),
        )
        .await
    }

    async fn secret(&self, token: TokenId) -> Result<Option<AccessToken>, StoreError> {
        let store = self.clone();
        self.call(
            Kind::Read,
            "secret",
            token.to_string(),
            move |inner| {
                Box::pin(async move {
                    store.opens(token)?;
                    inner.secret(token).await
                })
            },
            |_, _| (),
        )
        .await
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &Wanted,
    ) -> Result<Option<UsableToken>, StoreError> {
        let note = format!("{customer} {connection}");
        let (customer, connection, wanted) = (customer.clone(), connection.clone(), wanted.clone());
        self.read("usable token", note, move |store| {
            Box::pin(async move { store.usable_token(&customer, &connection, &wanted).await })
        })
        .await
    }

    async fn connections(&self, query: &Query<'_>) -> Result<Vec<Connection>, StoreError> {
        let (customer, connection) = (query.customer.cloned(), query.connection.cloned());
        let (after, limit) = (query.after, query.limit);
        self.read("connections", String::new(), move |store| {
            Box::pin(async move {
                let (customer, connection) = (customer.as_ref(), connection.as_ref());
                store.connections(&Query { customer, connection, after, limit }).await
            })
        })
        .await
    }

    async fn work(
        &self,
        due: Option<Due>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.read("work", String::new(), move |store| store.work(due, after, limit)).await
    }

    async fn attention(
        &self,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.read("attention", String::new(), move |store| store.attention(after, limit)).await
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        let (note, owner) = (format!("{connection:?}"), owner.clone());
        self.call(
            Kind::Write,
            "lease",
            note,
            move |store| Box::pin(async move { store.lease(connection, &owner, now).await }),
            |ledger, leased| ledger.leased(leased),
        )
        .await
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        let (note, owner) = (format!("{connection:?}"), owner.clone());
        self.call(
            Kind::Write,
            "release",
            note,
            move |store| Box::pin(async move { store.release(connection, &owner).await }),
            |_, ()| (),
        )
        .await
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.call(
            Kind::Write,
            "take turn",
            String::new(),
            move |store| store.take_turn(every, now),
            move |ledger, turn| ledger.turn(*turn, every, now),
        )
        .await
    }

    async fn take_number(&self) -> Result<Seq, StoreError> {
        self.call(
            Kind::Write,
            "take number",
            String::new(),
            move |store| store.take_number(),
            |_, _| (),
        )
        .await
    }

    async fn note_use(
        &self,
        token: TokenId,
        now: Timestamp,
        first: Event,
    ) -> Result<(), StoreError> {
        self.call(
            Kind::Write,
            "note use",
            format!("{token}"),
            move |store| store.note_use(token, now, first),
            |ledger, ()| ledger.noted = true,
        )
        .await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<(EventId, Event)>, StoreError> {
        let (customer, connection) = (query.customer.cloned(), query.connection.cloned());
        let query = EventQuery { customer: None, connection: None, ..*query };
        self.read("events", String::new(), move |store| {
            Box::pin(async move {
                let (customer, connection) = (customer.as_ref(), connection.as_ref());
                store.events(&EventQuery { customer, connection, ..query }).await
            })
        })
        .await
    }

    async fn keep_webhook(&self, event: WebhookEvent, awaits: Awaits) -> Result<bool, StoreError> {
        let note = event.id.to_string();
        self.call(
            Kind::Write,
            "keep webhook",
            note,
            move |store| store.keep_webhook(event, awaits),
            |_, _| (),
        )
        .await
    }

    async fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, WebhookEvent)>, StoreError> {
        self.read("webhooks", String::new(), move |store| store.webhooks(awaits, after, limit))
            .await
    }

    async fn webhook_done(&self, id: &WebhookEventId) -> Result<bool, StoreError> {
        let (note, id) = (id.to_string(), id.clone());
        self.call(
            Kind::Write,
            "webhook done",
            note,
            move |store| Box::pin(async move { store.webhook_done(&id).await }),
            |_, _| (),
        )
        .await
    }
}
