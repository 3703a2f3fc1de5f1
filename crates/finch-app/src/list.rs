//! Listings, each in a scope: page by page, as a stream, or all at once.

use std::fmt;

use finch_core::{
    Connection, ConnectionFilter, ConnectionId, ConnectionKey, ConnectionView, Event, EventId,
    EventQuery, OperatorScope, Recorded, Scope, Selector, Seq, StoreError, Timestamp,
    decide::{self, Attention},
};
use futures_util::{
    FutureExt as _, StreamExt as _, TryStreamExt as _,
    future::BoxFuture,
    stream::{self, BoxStream},
};
use serde::{Deserialize, Serialize};

use crate::{Finch, walk::last_of};

/// How many rows a stream reads at once.
const PAGE: usize = 500;

/// A listing that nothing has been read of yet.
#[must_use = "`page`, `stream` and `all` read it"]
pub struct Listing<'a, T>(Box<Read<'a, T>>);

type Read<'a, T> =
    dyn Fn(Option<Cursor>, usize) -> BoxFuture<'a, Result<Page<T>, StoreError>> + Send + Sync + 'a;

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In order. They may be fewer than were asked for, also where this is not the last page.
    pub items: Vec<T>,
    /// How many rows of this page are damaged and left out: the log names them, and so does
    /// [`verify`](Finch::verify).
    pub unreadable: usize,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<Cursor>,
}

/// A place in one listing. Opaque; not for a customer's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor(pub(crate) Seq, pub(crate) u32);

/// Which events to list.
#[derive(Clone, Copy, Debug, Default)]
pub struct EventFilter<'a> {
    /// Only those of the connection that this names.
    pub connection: Option<&'a ConnectionId>,
    /// Only those since this time, by the clock.
    pub since: Option<Timestamp>,
}

impl<'a, T: Send + 'a> Listing<'a, T> {
    pub(crate) fn new<F>(read: impl Fn(Option<Cursor>, usize) -> F + Send + Sync + 'a) -> Self
    where
        F: Future<Output = Result<Page<T>, StoreError>> + Send + 'a,
    {
        Self(Box::new(move |after, limit| read(after, limit).boxed()))
    }

    /// Up to `limit` items that come after a [page](Page::next); none: from the beginning.
    #[doc = example!(
        "let connections = finch.connections(operator);",
        "let first = connections.page(None, 50).await?;",
        "let second = connections.page(first.next, 50).await?;",
    )]
    pub async fn page(&self, after: Option<Cursor>, limit: usize) -> Result<Page<T>, StoreError> {
        (self.0)(after, limit).await
    }

    /// Every item in order, read page by page. It ends after an error.
    #[doc = example!(
        "use futures_util::TryStreamExt as _;",
        "",
        "let mut events = finch.events(operator, EventFilter::default()).stream();",
        "while let Some(event) = events.try_next().await? {",
        r#"    println!("{} {:?}", event.at, event.kind);"#,
        "}",
    )]
    pub fn stream(self) -> BoxStream<'a, Result<T, StoreError>> {
        let pages = stream::try_unfold(Some(None), move |from| {
            let page = from.map(|after| (self.0)(after, PAGE));
            async move {
                let Some(page) = page else { return Ok(None) };
                let Page { items, next, .. } = page.await?;
                Ok::<_, StoreError>(Some((stream::iter(items).map(Ok), next.map(Some))))
            }
        });
        pages.try_flatten().boxed()
    }

    /// Every item in order, at once.
    pub async fn all(self) -> Result<Vec<T>, StoreError> {
        self.stream().try_collect().await
    }
}

impl<T> fmt::Debug for Listing<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Listing").finish_non_exhaustive()
    }
}

impl Cursor {
    /// Behind these rows of a store that was asked for `limit` of them; none: there are no more.
    pub(crate) fn behind<R>(rows: &[R], limit: usize, of: impl Fn(&R) -> Self) -> Option<Self> {
        rows.last().filter(|_| rows.len() >= limit).map(of)
    }
}

impl Finch {
    /// Connections: a customer's own, with that customer's tokens only; or everyone's.
    #[doc = example!(
        "for connection in finch.connections(acme).all().await? {",
        r#"    println!("{}: {:?}", connection.provider_id, connection.state);"#,
        "}",
    )]
    pub fn connections<'a>(&'a self, scope: &'a impl Scope) -> Listing<'a, ConnectionView> {
        let customer = scope.customer();
        let filter = customer.map_or(ConnectionFilter::All, ConnectionFilter::Customer);
        self.list(filter, move |found| {
            let seen = found.seen_by(customer);
            let view = || ConnectionView::of(&seen, customer);
            (!seen.tokens.is_empty()).then(view).into_iter().collect()
        })
    }

    /// One connection. None: there is none of this name, or it is another customer's.
    #[doc = example!(
        r#"let connection = finch.connection(acme, &id).await?.ok_or("there is no such connection")?;"#,
    )]
    pub async fn connection(
        &self,
        scope: &impl Scope,
        connection: &ConnectionId,
    ) -> Result<Option<ConnectionView>, StoreError> {
        let customer = scope.customer();
        let found = self.inner.store.load(Selector::ConnectionId(connection), customer).await?;
        Ok(found.map(|found| ConnectionView::of(&found.seen_by(customer), customer)))
    }

    /// What happened, in order: to a customer's own connections, or to everything.
    #[doc = example!(
        "let filter = EventFilter { connection: Some(&id), ..EventFilter::default() };",
        "let history = finch.events(operator, filter).all().await?;",
    )]
    pub fn events<'a>(
        &'a self,
        scope: &'a impl Scope,
        filter: EventFilter<'a>,
    ) -> Listing<'a, Event> {
        let (customer, EventFilter { connection, since }) = (scope.customer(), filter);
        Listing::new(move |after, limit| async move {
            let after = after.map(|Cursor(commit, place)| EventId { commit, place });
            let query = EventQuery { customer, connection, since, after, limit };
            let rows = self.inner.store.events(&query).await?;
            last_of("events", after, rows.iter().map(|recorded| recorded.id))?;
            let id_of = |recorded: &Recorded| Cursor(recorded.id.commit, recorded.id.place);
            let next = Cursor::behind(&rows, limit, id_of);
            let items = rows.into_iter().map(|recorded| recorded.event).collect();
            Ok(Page { items, unreadable: 0, next })
        })
    }

    /// What needs a person, connection by connection. Exchanges that may have left a lost token are listed by
    /// [`possible_orphans`](Self::possible_orphans).
    #[doc = example!(
        "for what in finch.attention(operator).all().await? {",
        r#"    println!("{:?}: {}", what.matter, what.connection_id);"#,
        "}",
    )]
    pub fn attention<'a>(&'a self, _scope: &'a OperatorScope) -> Listing<'a, Attention> {
        self.list(ConnectionFilter::Attention, |found| decide::attention(&found))
    }

    fn list<'a, T: Send + 'a>(
        &'a self,
        filter: ConnectionFilter<'a>,
        items_of: impl Fn(Connection) -> Vec<T> + Copy + Send + Sync + 'a,
    ) -> Listing<'a, T> {
        Listing::new(move |after, limit| async move {
            let after = after.map(|Cursor(key, _)| ConnectionKey(key));
            let keys = self.inner.store.connections(&filter, after, limit).await?;
            last_of("connections", after, keys.iter().copied())?;
            let (mut items, mut unreadable) = (Vec::new(), 0);
            for key in &keys {
                match self.by_key(*key, None).await {
                    Ok(found) => items.extend(found.into_iter().flat_map(items_of)),
                    // One damaged row hides no other one.
                    Err(StoreError::Corrupt(what)) => {
                        tracing::warn!(connection = key.0.0, what, "a connection cannot be read");
                        unreadable += 1;
                    }
                    Err(error) => return Err(error),
                }
            }
            let next = Cursor::behind(&keys, limit, |key| Cursor(key.0, 0));
            Ok(Page { items, unreadable, next })
        })
    }
}

#[cfg(test)]
mod tests {
    use std::future::ready;

    use super::*;

    #[tokio::test]
    async fn a_listing_has_every_item_once_however_many_pages_there_are() {
        for count in [0, 1, PAGE, PAGE + 1, 2 * PAGE + 7] {
            let rows: Vec<_> = (1..=count as u64).collect();
            let listing = Listing::new(|after: Option<Cursor>, limit| {
                let after = after.map_or(0, |Cursor(row, _)| row.0);
                let items: Vec<_> = rows.iter().copied().filter(|row| *row > after).collect();
                let items = items[..limit.min(items.len())].to_vec();
                let next = Cursor::behind(&items, limit, |row| Cursor(Seq(*row), 0));
                ready(Ok(Page { items, unreadable: 0, next }))
            });
            assert_eq!(listing.all().await.unwrap(), rows);
        }
    }
}
