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

/// Each listing is given as the expression of its rows after a cursor.
macro_rules! listings {
    ($(
        fn $listing:ident($next:ident, $($given:ident: $given_type:ty),*) -> $row:ty {
            after $after:expr, limit $limit:expr, rows behind $cursor:ident $rows:expr
        }
    )*) => {
        #[async_trait]
        impl Intercept for Broken {
            $(async fn $listing(&self, $next: &dyn TokenStore, $($given: $given_type),*) -> Result<Vec<$row>, StoreError> {
                let $cursor = None;
                let all = $rows.await?;
                let $cursor = $after;
                let left = $rows.await?;
                Ok(self.page(all, left, $limit))
            })*
        }
    };
}

listings! {
    fn connections(next, filter: &ConnectionFilter<'_>, after: Option<ConnectionKey>, limit: usize) -> ConnectionKey {
        after after, limit limit, rows behind cursor next.connections(filter, cursor, usize::MAX)
    }
    fn possible_orphans(next, customer: Option<&CustomerId>, now: Timestamp, after: Option<AttemptId>, limit: usize) -> Attempt {
        after after, limit limit,
        rows behind cursor next.possible_orphans(customer, now, cursor, usize::MAX)
    }
    fn events(next, query: &EventQuery<'_>) -> Recorded {
        after query.after, limit query.limit,
        rows behind after next.events(&EventQuery { after, limit: usize::MAX, ..*query })
    }
}
