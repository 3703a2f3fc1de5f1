//! Listings, each in a scope.

use finch_core::{
    Connection, ConnectionFilter, ConnectionId, ConnectionKey, ConnectionView, Event, EventId,
    EventQuery, OperatorScope, Scope, Selector, StoreError, Timestamp,
    decide::{self, Attention},
};

use crate::{Finch, walk::Walk};

/// Where the next page begins. Opaque; not for a customer's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(ConnectionKey);

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T, C = Cursor> {
    /// In order.
    pub items: Vec<T>,
    /// How many connections of this page are damaged and left out: the log names them, and so does
    /// [`verify`](Finch::verify).
    pub unreadable: usize,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<C>,
}

/// Which events to read.
#[derive(Clone, Copy, Debug, Default)]
pub struct Events<'a> {
    /// Only those of the connection that this names.
    pub connection: Option<&'a ConnectionId>,
    /// Only those since this time, by the clock.
    pub since: Option<Timestamp>,
    /// Only those after this one.
    pub after: Option<EventId>,
}

impl Finch {
    /// A page of connections: a customer's own, with that customer's tokens only; or everyone's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn connections(
        &self,
        scope: &impl Scope,
        from: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<ConnectionView>, StoreError> {
        let customer = scope.customer();
        let filter = customer.map_or(ConnectionFilter::All, ConnectionFilter::Customer);
        self.page(filter, from, limit, |found, items| {
            let seen = found.seen_by(customer);
            items.extend((!seen.tokens.is_empty()).then(|| ConnectionView::of(&seen, customer)));
        })
        .await
    }

    /// One connection. None: there is none of this name, or it is another customer's.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn connection(
        &self,
        scope: &impl Scope,
        connection: &ConnectionId,
    ) -> Result<Option<ConnectionView>, StoreError> {
        let customer = scope.customer();
        let found = self.store().load(Selector::ConnectionId(connection), customer).await?;
        Ok(found.map(|found| ConnectionView::of(&found.seen_by(customer), customer)))
    }

    /// A page of what needs a person, connection by connection. Exchanges that may have left a lost token are
    /// listed by [`Finch::possible_orphans`].
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn attention(
        &self,
        _scope: &OperatorScope,
        from: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Attention>, StoreError> {
        self.page(ConnectionFilter::Attention, from, limit, |found, items| {
            items.extend(decide::attention(&found));
        })
        .await
    }

    async fn page<T>(
        &self,
        filter: ConnectionFilter<'_>,
        from: Option<Cursor>,
        limit: usize,
        add: impl Fn(Connection, &mut Vec<T>),
    ) -> Result<Page<T>, StoreError> {
        let after = from.map(|cursor| cursor.0);
        let keys = self.store().connections(&filter, after, limit).await?;
        Walk::behind("connections", after).goes_on(keys.iter().copied())?;
        let (mut items, mut unreadable) = (Vec::new(), 0);
        for key in &keys {
            match self.by_key(*key, None).await {
                Ok(found) => found.into_iter().for_each(|found| add(found, &mut items)),
                // One damaged row hides no other one.
                Err(StoreError::Corrupt(what)) => {
                    tracing::warn!(connection = key.0.0, what, "a connection cannot be read");
                    unreadable += 1;
                }
                Err(error) => return Err(error),
            }
        }
        let next = keys.last().filter(|_| keys.len() >= limit).map(|key| Cursor(*key));
        Ok(Page { items, unreadable, next })
    }

    /// A page of what happened, in order: to a customer's own connections, or to everything.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn events(
        &self,
        scope: &impl Scope,
        which: &Events<'_>,
        limit: usize,
    ) -> Result<Page<Event, EventId>, StoreError> {
        let Events { connection, since, after } = *which;
        let query = EventQuery { customer: scope.customer(), connection, since, after, limit };
        let page = self.store().events(&query).await?;
        Walk::behind("events", after).goes_on(page.iter().map(|recorded| recorded.id))?;
        let next = page.last().filter(|_| page.len() >= limit).map(|recorded| recorded.id);
        let items = page.into_iter().map(|recorded| recorded.event).collect();
        Ok(Page { items, unreadable: 0, next })
    }
}
