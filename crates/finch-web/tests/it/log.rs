//! What is logged: why something failed, with its sources.

use std::cell::RefCell;

use finch_core::{FinchApiError, StoreError};
use finch_testkit::EveryLine;
use tracing::{Dispatch, dispatcher::DefaultGuard};

use crate::site::{BASE, Site};

thread_local! {
    static LINES: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Logs this thread's events, until it is dropped.
pub(crate) fn watch() -> (DefaultGuard, Dispatch) {
    let log = EveryLine(|line| LINES.with_borrow_mut(|lines| *lines += &(line + "\n")));
    // With one subscriber alone, a place that another test's thread reaches first stays silent for good.
    let another = Dispatch::new(log);
    (tracing::subscriber::set_default(log), another)
}

/// What was logged since the last call.
pub(crate) fn logged() -> String {
    LINES.take()
}

#[tokio::test]
async fn the_log_says_why_something_failed() {
    let (site, browser) = Site::visited().await;
    let _watched = watch();
    site.finch.fail_next(FinchApiError::Backend("why Finch failed".into()));
    browser.change(&format!("{BASE}/connect")).await;
    assert!(logged().contains(": why Finch failed"));

    let (_, back) = site.attempt(&browser).await;
    site.finch.fail_next(FinchApiError::Backend("why the exchange failed".into()));
    browser.get(&back).await;
    assert!(logged().contains(": why the exchange failed"));

    site.store.intercept.fail(|| StoreError::Backend("why the store failed".into()));
    browser.get(BASE).await;
    assert!(logged().contains(": why the store failed"));
}
