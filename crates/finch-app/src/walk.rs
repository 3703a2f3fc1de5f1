//! Walks through the listings of a store, page by page.

use std::{fmt::Debug, vec};

use finch_core::{
    Connection, ConnectionFilter, ConnectionKey, CustomerId, Selector, StoreError, TokenId,
};
use thiserror::Error;

use crate::Finch;

/// How far a listing was read.
///
/// Each row must come after the row before it, and after the page before: a store that ignores `after` would
/// be read for ever.
#[derive(Debug)]
pub(crate) struct Walk<C> {
    listing: &'static str,
    after: Option<C>,
}

/// A store that breaks the contract of its listings.
#[derive(Debug, Error)]
#[error(
    "the store's listing of {listing} returned {row} after {after}: rows must come in ascending order, after \
     the page before; run the conformance suite on the store"
)]
struct OutOfOrder {
    listing: &'static str,
    row: String,
    after: String,
}

impl<C: Copy + Ord + Debug> Walk<C> {
    /// From the beginning.
    pub(crate) fn of(listing: &'static str) -> Self {
        Self::behind(listing, None)
    }

    /// From behind this row; none: from the beginning.
    pub(crate) fn behind(listing: &'static str, after: Option<C>) -> Self {
        Self { listing, after }
    }

    /// Where the next page begins.
    pub(crate) fn after(&self) -> Option<C> {
        self.after
    }

    /// Goes on behind the rows of the next page. False: it is empty, and the listing ends.
    ///
    /// # Errors
    /// [`StoreError::Backend`]: a row is out of order.
    pub(crate) fn goes_on(
        &mut self,
        page: impl IntoIterator<Item = C>,
    ) -> Result<bool, StoreError> {
        let mut has_rows = false;
        for row in page {
            if let Some(after) = self.after.filter(|after| row <= *after) {
                let (row, after) = (format!("{row:?}"), format!("{after:?}"));
                let listing = self.listing;
                return Err(StoreError::Backend(Box::new(OutOfOrder { listing, row, after })));
            }
            self.after = Some(row);
            has_rows = true;
        }
        Ok(has_rows)
    }
}

/// So many keys are read at once.
const PAGE: usize = 100;

/// The connections of a listing, one after the other, each loaded when its turn comes.
pub(crate) struct Listed<'a> {
    finch: &'a Finch,
    filter: ConnectionFilter<'a>,
    walk: Walk<ConnectionKey>,
    page: vec::IntoIter<ConnectionKey>,
}

impl Finch {
    /// The connections that `filter` selects, behind `after`.
    pub(crate) fn listed<'a>(
        &'a self,
        filter: ConnectionFilter<'a>,
        after: Option<ConnectionKey>,
    ) -> Listed<'a> {
        let walk = Walk::behind("connections", after);
        Listed { finch: self, filter, walk, page: Vec::new().into_iter() }
    }

    /// A connection, if it is still there, and `customer` has a token in it.
    pub(crate) async fn by_key(
        &self,
        key: ConnectionKey,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        self.store().load(Selector::Key(key), customer).await
    }

    /// The connection that holds a token, whatever it has become part of.
    pub(crate) async fn holding(&self, token: TokenId) -> Result<Option<Connection>, StoreError> {
        self.store().load(Selector::TokenId(token), None).await
    }
}

impl Listed<'_> {
    /// The next key; none: there are no more.
    pub(crate) async fn next_key(&mut self) -> Result<Option<ConnectionKey>, StoreError> {
        if let Some(key) = self.page.next() {
            return Ok(Some(key));
        }
        let page = self.finch.store().connections(&self.filter, self.walk.after(), PAGE).await?;
        self.walk.goes_on(page.iter().copied())?;
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
