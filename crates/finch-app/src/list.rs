//! Listings, each in a scope.

use finch_core::{
    Connection, ConnectionId, ConnectionKey, ConnectionView, Event, EventId, EventQuery,
    OperatorScope, Query, Scope, Selector, StoreError, Timestamp,
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
        let after = from.map(|cursor| cursor.0);
        let query = Query { customer: scope.customer(), connection: None, after, limit };
        let page = self.store().connections(&query).await?;
        Walk::behind("connections", after).goes_on(page.iter().map(|c| c.key))?;
        let last = page.last().filter(|_| page.len() >= limit);
        let next = last.map(|c| Cursor(c.key));
        Ok(Page { items: views(&page, scope), next })
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
        let query = Query {
            customer: scope.customer(),
            connection: Some(connection),
            after: None,
            limit: 1,
        };
        Ok(views(&self.store().connections(&query).await?, scope).pop())
    }

    /// A page of what needs a person, connection by connection. Exchanges whose token nobody may have are
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
        let after = from.map(|cursor| cursor.0);
        let keys = self.store().attention(after, limit).await?;
        Walk::behind("attention", after).goes_on(keys.iter().copied())?;
        let mut items = Vec::new();
        for key in &keys {
            if let Some(found) = self.store().load(Selector::Key(*key), None).await? {
                items.extend(decide::attention(&found));
            }
        }
        let next = keys.last().filter(|_| keys.len() >= limit).map(|key| Cursor(*key));
        Ok(Page { items, next })
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
        Ok(Page { items: page.into_iter().map(|recorded| recorded.event).collect(), next })
    }
}

fn views(connections: &[Connection], scope: &impl Scope) -> Vec<ConnectionView> {
    connections.iter().map(|c| ConnectionView::of(c, scope.customer())).collect()
}
