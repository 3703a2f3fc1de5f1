//! Stores whose listings break the contract, each in one way.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::*;

/// What is wrong with every listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    /// Each page is the first one.
    IgnoresAfter,
    /// A page begins with the row that it should come after.
    ReturnsTheSameRowAgain,
    /// Behind the last row the last row comes again.
    IsNeverEmpty,
    /// One row more than the limit.
    ReturnsMoreThanTheLimit,
    /// The last row comes first.
    IsInTheWrongOrder,
    /// No row ever comes.
    IsAlwaysEmpty,
    /// A page is half full, and is not the last one.
    ReturnsHalfOfAPage,
}

/// No listing of these tests has so many pages.
const ENDLESS: usize = 2_000;

/// A store in memory with a fault.
#[derive(Debug)]
pub(super) struct BrokenStore {
    inner: MemoryTokenStore,
    fault: Fault,
    pages: AtomicUsize,
}

impl BrokenStore {
    pub(super) fn new(fault: Fault) -> Self {
        let inner = MemoryTokenStore::new(testing::application());
        Self { inner, fault, pages: AtomicUsize::new(0) }
    }

    /// A page of a listing, of which `left` rows come after the cursor.
    fn page<T: Clone>(&self, all: Vec<T>, left: Vec<T>, limit: usize) -> Vec<T> {
        let pages = self.pages.fetch_add(1, Ordering::SeqCst);
        assert!(pages < ENDLESS, "the listing is read for ever");
        let read = all.len() - left.len();
        match self.fault {
            Fault::IgnoresAfter => first(all, limit),
            Fault::ReturnsTheSameRowAgain => first(all[read.saturating_sub(1)..].to_vec(), limit),
            Fault::IsNeverEmpty if left.is_empty() => first(all.last().cloned(), limit),
            Fault::IsNeverEmpty => first(left, limit),
            Fault::ReturnsMoreThanTheLimit => first(left, limit.saturating_add(1)),
            Fault::IsInTheWrongOrder => first(left.into_iter().rev(), limit),
            Fault::IsAlwaysEmpty => Vec::new(),
            Fault::ReturnsHalfOfAPage => first(left, limit / 2),
        }
    }
}

fn first<T>(rows: impl IntoIterator<Item = T>, limit: usize) -> Vec<T> {
    rows.into_iter().take(limit).collect()
}

/// Passes methods on, but for the listings: those are given as the expression of their rows after a cursor.
macro_rules! broken_store {
    (
        passed_on { $(fn $name:ident($($argument:ident: $type:ty),*) -> $answer:ty;)* }
        listings { $(
            fn $listing:ident($inner:ident, $($given:ident: $given_type:ty),*) -> $row:ty {
                after $after:expr, limit $limit:expr, rows behind $cursor:ident $rows:expr
            }
        )* }
    ) => {
        #[async_trait]
        impl TokenStore for BrokenStore {
            fn application(&self) -> &Application {
                self.inner.application()
            }

            $(async fn $name(&self, $($argument: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($argument),*).await
            })*

            $(async fn $listing(&self, $($given: $given_type),*) -> Result<Vec<$row>, StoreError> {
                let $inner = &self.inner;
                let $cursor = None;
                let all = $rows.await?;
                let $cursor = $after;
                let left = $rows.await?;
                Ok(self.page(all, left, $limit))
            })*
        }
    };
}

broken_store! {
    passed_on {
        fn open_attempt(attempt: NewAttempt, state: &State) -> AttemptId;
        fn claim_attempt(customer: Option<&CustomerId>, state: &State, code: &AuthorizationCode, now: Timestamp) -> Option<(Attempt, Claim)>;
        fn end_attempt(id: AttemptId, end: AttemptEnd) -> ();
        fn taken_customer_ids(customer: &CustomerId, candidates: &[FinchCustomerId]) -> Vec<FinchCustomerId>;
        fn find(grant: &Grant) -> Found;
        fn load(selector: Selector<'_>, customer: Option<&CustomerId>) -> Option<Connection>;
        fn token_of(secret: &AccessToken, customer: Option<&CustomerId>) -> Option<TokenId>;
        fn commit(commit: Commit) -> Seq;
        fn secret(token: TokenId) -> Option<AccessToken>;
        fn usable_token(customer: &CustomerId, connection: &ConnectionId, wanted: &Wanted) -> Option<UsableToken>;
        fn lease(connection: ConnectionKey, owner: &InstanceId, now: Timestamp) -> Leased;
        fn release(connection: ConnectionKey, owner: &InstanceId) -> ();
        fn take_turn(every: Duration, now: Timestamp) -> Timestamp;
        fn take_number() -> Seq;
        fn note_use(token: TokenId, now: Timestamp, first: Event) -> ();
        fn keep_webhook(event: WebhookEvent, awaits: Awaits) -> bool;
        fn webhook_done(id: &WebhookEventId) -> bool;
    }
    listings {
        fn connections(inner, query: &Query<'_>) -> Connection {
            after query.after, limit query.limit,
            rows behind after inner.connections(&Query { after, limit: usize::MAX, ..*query })
        }
        fn work(inner, due: Option<Due>, after: Option<ConnectionKey>, limit: usize) -> ConnectionKey {
            after after, limit limit, rows behind cursor inner.work(due, cursor, usize::MAX)
        }
        fn attention(inner, after: Option<ConnectionKey>, limit: usize) -> ConnectionKey {
            after after, limit limit, rows behind cursor inner.attention(cursor, usize::MAX)
        }
        fn possible_orphans(inner, customer: Option<&CustomerId>, now: Timestamp, after: Option<AttemptId>, limit: usize) -> Attempt {
            after after, limit limit,
            rows behind cursor inner.possible_orphans(customer, now, cursor, usize::MAX)
        }
        fn events(inner, query: &EventQuery<'_>) -> (EventId, Event) {
            after query.after, limit query.limit,
            rows behind after inner.events(&EventQuery { after, limit: usize::MAX, ..*query })
        }
        fn webhooks(inner, awaits: Awaits, after: Option<Seq>, limit: usize) -> (Seq, WebhookEvent) {
            after after, limit limit, rows behind cursor inner.webhooks(awaits, cursor, usize::MAX)
        }
    }
}
