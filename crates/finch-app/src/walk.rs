//! Walks through the listings of a store, page by page.

use std::fmt::Debug;

use finch_core::StoreError;
use thiserror::Error;

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
