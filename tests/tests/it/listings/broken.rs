//! Stores whose listings break the contract, each in one way.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use async_trait::async_trait;
use finch_core::{
    Attempt, AttemptId, ConnectionFilter, ConnectionKey, CustomerId, EventQuery, Recorded,
    StoreError, Timestamp, TokenStore,
};
use finch_testkit::{Intercept, Intercepted, MemoryTokenStore, application};

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

/// Breaks each listing of a store.
#[derive(Debug)]
pub(super) struct Broken {
    fault: Fault,
    pages: AtomicUsize,
}

/// A store in memory with a fault.
pub(super) fn broken_store(fault: Fault) -> Arc<Intercepted<Broken>> {
    let memory = Arc::new(MemoryTokenStore::new(application()));
    Arc::new(Intercepted::new(Broken { fault, pages: AtomicUsize::new(0) }, memory))
}

impl Broken {
    /// A page of a listing, of which `left` rows come after the cursor.
    fn page<T: Clone>(
        &self,
        all: Vec<T>,
        left: Vec<T>,
        limit: usize,
    ) -> Result<Vec<T>, StoreError> {
        let pages = self.pages.fetch_add(1, Ordering::SeqCst);
        assert!(pages < ENDLESS, "the listing is read for ever");
        let read = all.len() - left.len();
        let (rows, limit): (Vec<T>, usize) = match self.fault {
            Fault::IgnoresAfter => (all, limit),
            Fault::ReturnsTheSameRowAgain => (all[read.saturating_sub(1)..].to_vec(), limit),
            Fault::IsNeverEmpty if left.is_empty() => (Vec::from_iter(all.last().cloned()), limit),
            Fault::IsNeverEmpty => (left, limit),
            Fault::ReturnsMoreThanTheLimit => (left, limit.saturating_add(1)),
            Fault::IsInTheWrongOrder => (left.into_iter().rev().collect(), limit),
            Fault::IsAlwaysEmpty => (Vec::new(), limit),
            Fault::ReturnsHalfOfAPage => (left, limit / 2),
        };
        Ok(rows.into_iter().take(limit).collect())
    }
}

#[async_trait]
impl Intercept for Broken {
    async fn connections(
        &self,
        next: &dyn TokenStore,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let rows = async |after| next.connections(filter, after, usize::MAX).await;
        self.page(rows(None).await?, rows(after).await?, limit)
    }

    async fn possible_orphans(
        &self,
        next: &dyn TokenStore,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let rows = async |after| next.possible_orphans(customer, now, after, usize::MAX).await;
        self.page(rows(None).await?, rows(after).await?, limit)
    }

    async fn events(
        &self,
        next: &dyn TokenStore,
        query: &EventQuery<'_>,
    ) -> Result<Vec<Recorded>, StoreError> {
        let whole = EventQuery { limit: usize::MAX, ..*query };
        let all = next.events(&EventQuery { after: None, ..whole }).await?;
        self.page(all, next.events(&whole).await?, query.limit)
    }
}
