//! Listings, each in a scope.

use finch_core::{
    ConnectionId, ConnectionKey, ConnectionView, Event, OperatorScope, Query, Scope, Selector,
    StoreError,
};

use crate::Finch;

/// Where the next page begins. Opaque; not for a customer's eyes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cursor(ConnectionKey);

/// One page of a listing.
#[derive(Clone, Debug)]
pub struct Page<T> {
    /// In order.
    pub items: Vec<T>,
    /// Where the next page begins; none: this is the last one.
    pub next: Option<Cursor>,
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
        let last = page.last().filter(|_| page.len() == limit);
        let next = last.map(|c| Cursor(c.key));
        Ok(Page { items: page.iter().map(ConnectionView::of).collect(), next })
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
        Ok(self.store().connections(&query).await?.first().map(ConnectionView::of))
    }

    /// What happened to a connection, in order.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn history(
        &self,
        _scope: &OperatorScope,
        connection: &ConnectionId,
    ) -> Result<Vec<Event>, StoreError> {
        match self.store().load(Selector::ConnectionId(connection), None).await? {
            Some(found) => self.store().events(found.key).await,
            None => Ok(Vec::new()),
        }
    }
}
