//! The store locked, or gone.

use axum::http::header;
use finch_core::StoreError;

use crate::{
    site::{BASE, Site, is_guarded},
    store::Fault,
};

#[tokio::test]
async fn a_store_that_is_locked_or_gone_loses_nothing() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    let (csrf_token, plan) = (preview.field("csrf_token").unwrap(), preview.field("plan").unwrap());
    let fields = [("csrf_token", csrf_token.as_str()), ("plan", plan.as_str())];
    let (safe, support) = ("Your connections are safe", "contact support");
    let gone = || StoreError::Backend("no such file: tokens.db".into());
    let faults: [(Fault, &str, &str, &str); 3] = [
        (|| StoreError::Busy, "busy just now", safe, "5"),
        (|| StoreError::Corrupt("page 7".into()), "cannot be reached", support, "60"),
        (gone, "cannot be reached", support, "60"),
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

/// Within a disconnect, and after it. The page says how it is, and what has begun goes on.
#[tokio::test]
async fn a_store_that_goes_away_after_the_fence_undoes_nothing() {
    let (site, browser) = Site::connected().await;
    let (path, preview) = site.preview(&browser).await;
    site.store.intercept.fail_after("commit", "sealed", || StoreError::Busy);
    browser.agree(&path, &preview).await.shows(503, &["goes on by itself"]);
    site.store.intercept.recover();
    browser.get(BASE).await.shows(200, &["Disconnecting"]);

    let answer = browser.agree(&path, &browser.get(&path).await).await;
    site.store.intercept.fail_at("load", || StoreError::Busy);
    let done = answer.location();
    browser.get(done).await.shows(503, &["busy just now"]);
    site.store.intercept.recover();
    browser.get(done).await.shows(200, &["is disconnected"]);
}
