//! Listings, each in a scope.

use finch_core::{
    Connection, ConnectionId, ConnectionKey, ConnectionView, Event, OperatorScope, Query, Scope,
    Selector, StoreError,
    decide::{self, Attention},
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
        let keys = self.store().attention(from.map(|cursor| cursor.0), limit).await?;
        let mut items = Vec::new();
        for key in &keys {
            if let Some(found) = self.store().load(Selector::Key(*key), None).await? {
                items.extend(decide::attention(&found));
            }
        }
        let next = keys.last().filter(|_| keys.len() == limit).map(|key| Cursor(*key));
        Ok(Page { items, next })
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

fn views(connections: &[Connection], scope: &impl Scope) -> Vec<ConnectionView> {
    connections.iter().map(|c| ConnectionView::of(c, scope.customer())).collect()
}
