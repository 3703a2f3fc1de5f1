//! The store locked or gone, and a host that does not know.

use axum::http::header;
use finch_core::StoreError;

use crate::{
    site::{BASE, Site, is_guarded},
    store::Fault,
};

#[tokio::test]
async fn a_store_that_is_locked_or_gone_is_said_and_nothing_is_lost() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    let (csrf_token, plan) = (preview.field("csrf_token").unwrap(), preview.field("plan").unwrap());
    let fields = [("csrf_token", csrf_token.as_str()), ("plan", plan.as_str())];
    let safe = "Your connections are safe";
    let support = "contact support";
    let faults: [(Fault, &str, &str, &str); 3] = [
        (|| StoreError::Busy, "busy just now", safe, "5"),
        (|| StoreError::Corrupt("page 7".into()), "cannot be reached", support, "60"),
        (
            || StoreError::Backend("no such file: tokens.db".into()),
            "cannot be reached",
            support,
            "60",
        ),
    ];
    for (fault, what, todo, wait) in faults {
        site.store.intercept.fail(fault);
        site.finch.take_calls();
        for answer in [
            browser.get(BASE).await,
            browser.get(&path).await,
            browser.post(&path, &fields).await,
            browser.post(&path.replace("disconnect", "reauthenticate"), &fields).await,
            browser.post(&format!("{BASE}/connect"), &fields).await,
            browser.get(&format!("{BASE}/callback?code=a-code&state=a-state")).await,
        ] {
            answer.shows(503, &[what, "Try again", todo]);
            assert_eq!(answer.header(header::RETRY_AFTER), Some(wait));
            answer.hides(&["page 7", "tokens.db", "a-code", "a-state"]);
            is_guarded(&answer);
        }
        assert!(!site.finch.take_calls().iter().any(|call| call != "new_session"));
        site.store.intercept.recover();
    }
    browser.get(BASE).await.shows(200, &["Connected"]);
    assert_eq!(site.finch.alive().len(), 1);
}

/// The intent is written; the rest is not. The page tells the truth, and the rest goes on.
#[tokio::test]
async fn a_store_that_goes_away_within_a_disconnect_leaves_it_under_way() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    site.store.intercept.fail_after("commit", "sealed", || StoreError::Busy);
    let answer = browser.agree(&path, &preview).await;
    answer.shows(503, &["goes on by itself"]);
    site.store.intercept.recover();
    browser.get(BASE).await.shows(200, &["Disconnecting"]);
}

/// What is done is not told as undone because a name cannot be read any more.
#[tokio::test]
async fn a_store_that_goes_away_after_a_disconnect_changes_nothing_about_it() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    site.store.intercept.fail_after("commit", "connections", || StoreError::Busy);
    let answer = browser.agree(&path, &preview).await;
    let done = answer.location().to_owned();
    browser.get(&done).await.shows(503, &["busy just now"]);
    site.store.intercept.recover();
    browser.get(&done).await.shows(200, &["is disconnected"]);
}
