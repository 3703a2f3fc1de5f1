//! Reads a listing page by page, and requires of it what a page is: see [`TokenStore`](finch_core::TokenStore).

use std::fmt::Debug;

/// Reads a listing of `count` rows in one page, and then in pages of every size up to that. Returns the
/// rows, each by what the next page is asked for with.
///
/// The walk follows the rows of the first page, and not what later pages return: it ends for any store.
pub(super) async fn read_pages<C: Copy + Ord + Debug>(
    listing: &str,
    count: usize,
    page: impl AsyncFn(Option<C>, usize) -> Vec<C>,
) -> Vec<C> {
    let rows = page(None, count + 1).await;
    assert_page(listing, None, count + 1, &rows);
    let all = rows.len() == count;
    assert!(
        all,
        "{listing}: {} rows were returned, of {count} that there are: {rows:?}",
        rows.len()
    );
    for limit in 0..=count {
        let (mut after, mut left) = (None, rows.as_slice());
        loop {
            let (expected, rest) = left.split_at(limit.min(left.len()));
            let found = page(after, limit).await;
            assert_page(listing, after, limit, &found);
            let right = found == expected;
            assert!(right, "{listing}: not {limit} rows after {after:?}: {found:?} of {rows:?}");
            if expected.is_empty() {
                break;
            }
            (after, left) = (expected.last().copied(), rest);
        }
    }
    rows
}

fn assert_page<C: Ord + Debug>(listing: &str, after: Option<C>, limit: usize, page: &[C]) {
    assert!(page.len() <= limit, "{listing}: more than the limit of {limit} rows: {page:?}");
    let ordered = page.is_sorted_by(|row, next| row < next);
    assert!(ordered, "{listing}: rows out of order, or one row twice: {page:?}");
    if let (Some(after), Some(first)) = (after, page.first()) {
        assert!(*first > after, "{listing}: a row that does not come after {after:?}: {page:?}");
    }
}
