//! Walks through the listings of a store, page by page.

use std::{fmt::Debug, vec};

use finch_core::{
    Connection, ConnectionFilter, ConnectionKey, CustomerId, Selector, StoreError, TokenId,
};

use crate::Finch;

/// The last row of a page behind `after`; none: the page is empty.
///
/// # Errors
/// [`StoreError::Backend`]: a row is out of order. A store that ignores `after` would be read for ever.
pub(crate) fn last_of<C: Copy + Ord + Debug>(
    listing: &str,
    after: Option<C>,
    page: impl IntoIterator<Item = C>,
) -> Result<Option<C>, StoreError> {
    let mut last = after;
    for row in page {
        if let Some(before) = last.filter(|last| row <= *last) {
            let problem = format!(
                "the store's listing of {listing} returned {row:?} after {before:?}: rows must come in ascending \
                 order, after the page before; run the conformance suite on the store"
            );
            return Err(StoreError::Backend(problem.into()));
        }
        last = Some(row);
    }
    Ok(last.filter(|last| Some(*last) != after))
}

/// So many keys are read at once.
const PAGE: usize = 100;

/// The connections of a listing, one after the other, each loaded when its turn comes.
pub(crate) struct Listed<'a> {
    finch: &'a Finch,
    filter: ConnectionFilter<'a>,
    after: Option<ConnectionKey>,
    page: vec::IntoIter<ConnectionKey>,
}

impl Finch {
    /// The connections that `filter` selects, behind `after`.
    pub(crate) fn listed<'a>(
        &'a self,
        filter: ConnectionFilter<'a>,
        after: Option<ConnectionKey>,
    ) -> Listed<'a> {
        Listed { finch: self, filter, after, page: Vec::new().into_iter() }
    }

    /// A connection, if it is still there, and `customer` has a token in it.
    pub(crate) async fn by_key(
        &self,
        key: ConnectionKey,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        self.inner.store.load(Selector::Key(key), customer).await
    }

    /// The connection that holds a token, whatever it has become part of.
    pub(crate) async fn holding(&self, token: TokenId) -> Result<Option<Connection>, StoreError> {
        self.inner.store.load(Selector::TokenId(token), None).await
    }
}

impl Listed<'_> {
    /// The next key; none: there are no more.
    pub(crate) async fn next_key(&mut self) -> Result<Option<ConnectionKey>, StoreError> {
        if let Some(key) = self.page.next() {
            return Ok(Some(key));
        }
        let page = self.finch.inner.store.connections(&self.filter, self.after, PAGE).await?;
        self.after = last_of("connections", self.after, page.iter().copied())?.or(self.after);
        self.page = page.into_iter();
        Ok(self.page.next())
    }

    /// The next connection; none: there are no more. One that has become part of another one meanwhile is passed
    /// over. After an error of one connection, the next call goes on behind it.
    pub(crate) async fn next(&mut self) -> Result<Option<Connection>, StoreError> {
        let customer = match self.filter {
            ConnectionFilter::Customer(customer) => Some(customer),
            _ => None,
        };
        while let Some(key) = self.next_key().await? {
            if let Some(found) = self.finch.by_key(key, customer).await? {
                return Ok(Some(found.seen_by(customer)));
            }
        }
        Ok(None)
    }

    pub(crate) async fn count(mut self) -> Result<usize, StoreError> {
        let mut count = 0;
        while self.next_key().await?.is_some() {
            count += 1;
        }
        Ok(count)
    }
}
