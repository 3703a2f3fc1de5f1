//! A store that fails when it is told to.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits, Claim,
    Commit, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId, EventQuery,
    FinchCustomerId, Found, Grant, InstanceId, Leased, MemoryTokenStore, NewAttempt, Query,
    Selector, Seq, State, StoreError, Timestamp, TokenId, TokenStore, UsableToken, Wanted,
    WebhookEvent, WebhookEventId,
};

/// What a store says.
pub(crate) type Fault = fn() -> StoreError;

/// A store in memory that fails when it is told to.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    inner: MemoryTokenStore,
    fault: Mutex<Option<(&'static str, Fault)>>,
    /// Once this method has been called, that one fails.
    later: Mutex<Option<(&'static str, &'static str, Fault)>>,
}

impl FaultyStore {
    pub(crate) fn new(application: Application) -> Self {
        Self {
            inner: MemoryTokenStore::new(application),
            fault: Mutex::default(),
            later: Mutex::default(),
        }
    }

    /// From now on every call fails.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fail_at("", fault);
    }

    /// From now on calls of this method fail.
    pub(crate) fn fail_at(&self, method: &'static str, fault: Fault) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = Some((method, fault));
    }

    /// From the next call of `first` on, calls of `method` fail.
    pub(crate) fn fail_after(&self, first: &'static str, method: &'static str, fault: Fault) {
        *self.later.lock().unwrap_or_else(PoisonError::into_inner) = Some((first, method, fault));
    }

    pub(crate) fn recover(&self) {
        *self.fault.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    fn check(&self, method: &str) -> Result<(), StoreError> {
        let mut later = self.later.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, method, fault)) = later.take_if(|(first, ..)| *first == method) {
            self.fail_at(method, fault);
        }
        match *self.fault.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((at, fault)) if at.is_empty() || at == method => Err(fault()),
            _ => Ok(()),
        }
    }
}

macro_rules! passed_on {
    ($(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)*) => {
        #[async_trait]
        impl TokenStore for FaultyStore {
            fn application(&self) -> &Application {
                self.inner.application()
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.check(stringify!($name))?;
                self.inner.$name($($argument),*).await
            })*
        }
    };
}

passed_on! {
    fn open_attempt(attempt: NewAttempt, state: &State) -> AttemptId;
    fn claim_attempt(customer: Option<&CustomerId>, state: &State, code: &AuthorizationCode, now: Timestamp) -> Option<(Attempt, Claim)>;
    fn end_attempt(id: AttemptId, end: AttemptEnd) -> ();
    fn possible_orphans(customer: Option<&CustomerId>, now: Timestamp, after: Option<AttemptId>, limit: usize) -> Vec<Attempt>;
    fn taken_customer_ids(customer: &CustomerId, candidates: &[FinchCustomerId]) -> Vec<FinchCustomerId>;
    fn find(grant: &Grant) -> Found;
    fn load(selector: Selector<'_>, customer: Option<&CustomerId>) -> Option<Connection>;
    fn token_of(secret: &AccessToken, customer: Option<&CustomerId>) -> Option<TokenId>;
    fn commit(commit: Commit) -> Seq;
    fn secret(token: TokenId) -> Option<AccessToken>;
    fn usable_token(customer: &CustomerId, connection: &ConnectionId, wanted: &Wanted) -> Option<UsableToken>;
    fn connections(query: &Query<'_>) -> Vec<Connection>;
    fn work(due: Option<Due>, after: Option<ConnectionKey>, limit: usize) -> Vec<ConnectionKey>;
    fn attention(after: Option<ConnectionKey>, limit: usize) -> Vec<ConnectionKey>;
    fn lease(connection: ConnectionKey, owner: &InstanceId, now: Timestamp) -> Leased;
    fn release(connection: ConnectionKey, owner: &InstanceId) -> ();
    fn take_turn(every: Duration, now: Timestamp) -> Timestamp;
    fn take_number() -> Seq;
    fn note_use(token: TokenId, now: Timestamp, first: Event) -> ();
    fn events(query: &EventQuery<'_>) -> Vec<(EventId, Event)>;
    fn keep_webhook(event: WebhookEvent, awaits: Awaits) -> bool;
    fn webhooks(awaits: Awaits, after: Option<Seq>, limit: usize) -> Vec<(Seq, WebhookEvent)>;
    fn webhook_done(id: &WebhookEventId) -> bool;
}
