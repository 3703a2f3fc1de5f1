//! The way back from Finch Connect, as it should be and as it will be tried.

use std::time::Duration;

use axum::{
    body::Body,
    http::{Method, header},
};
use finch_core::{FinchApiError, StoreError};
use finch_testkit::Held;

use crate::site::{BASE, Site, is_guarded};

fn not_sent() -> FinchApiError {
    FinchApiError::NoAnswer { problem: "refused".into(), sent: false }
}

#[tokio::test]
async fn the_same_way_back_again_shows_the_same() {
    let (site, browser) = Site::visited().await;
    let (state, back) = site.attempt(&browser).await;
    let first = browser.get(&back).await;
    let second = browser.get(&back).await;
    assert_eq!(first.location(), second.location());
    assert_eq!(first.header(header::REFERRER_POLICY), Some("no-referrer"));
    first.hides(&[&state, "code="]);
    assert_eq!(site.exchanges(), 1);

    let head = browser.request(Method::HEAD, &back).body(Body::empty()).unwrap();
    assert_eq!(browser.send(head).await.location(), BASE, "HEAD completes nothing");

    let other = browser.get(&format!("{BASE}/callback?code=another&state={state}")).await;
    other.shows(409, &["works only once"]);
    other.hides(&[&state, "another"]);
    is_guarded(&other);
}

#[tokio::test]
async fn a_way_back_to_what_has_ended_says_so() {
    let (site, browser) = Site::visited().await;
    let (_, back) = site.attempt(&browser).await;
    browser.get(&back).await;
    let (path, preview) = site.preview(&browser).await;
    browser.press(&path, &preview).await.shows(200, &["is disconnected"]);
    site.take_changes();
    let again = browser.get(&back).await;
    assert_eq!(again.done(), "ended");
    let page = browser.get(again.location()).await;
    page.shows(200, &["has ended, or is being ended", "connect again", "Nothing is connected"]);
    assert!(site.take_changes().is_empty());
    // An old page may still offer to renew it.
    let renew = browser.change(&path.replace("/disconnect", "/reauthenticate")).await;
    renew.shows(409, &["has ended", "connect again"]);
}

#[tokio::test]
async fn a_forged_way_back_and_a_stolen_one_are_the_same_page() {
    let (site, victim) = Site::visited().await;
    let thief = site.browser("other");
    let (state, back) = site.attempt(&victim).await;
    let stolen = thief.get(&back).await;
    stolen.shows(404, &["belong to a connection that you started here", "connect again"]);
    let forged = thief.get(&format!("{BASE}/callback?code=made-up&state=made-up")).await;
    assert_eq!(forged.body, stolen.body);
    assert_eq!(format!("{:?}", forged.headers), format!("{:?}", stolen.headers));
    stolen.hides(&[&state]);
    forged.hides(&["made-up"]);
    is_guarded(&stolen);
    assert_eq!(site.exchanges(), 0, "nothing was sent");
    assert_eq!(victim.get(&back).await.done(), "connected", "and the victim goes on");
}

/// Nothing is sent, and nothing of the address is shown.
#[tokio::test]
async fn a_way_back_that_connects_nothing_says_why() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let missing = ["without the details", "Nothing was connected", "connect again"].as_slice();
    for (query, status, says) in [
        (String::new(), 400, missing),
        (format!("state={state}"), 400, missing),
        (format!("code=&state={state}"), 400, missing),
        (format!("code=a&code=b&state={state}"), 400, &["could not be read"]),
        ("error=call%200900&state=s".to_owned(), 502, &["The sign-in was not completed"]),
    ] {
        let answer = browser.get(&format!("{BASE}/callback?{query}")).await;
        answer.shows(status, says);
        answer.hides(&[&state, "0900"]);
        is_guarded(&answer);
    }
    let denied = format!("{BASE}/callback?error=access_denied&error_description=%3Cb%3Epay%20me");
    let denied = browser.get(&denied).await;
    assert_eq!(denied.location(), format!("{BASE}?done=denied"));
    let denied = browser.get(denied.location()).await;
    let title = "<title>Not finished · ";
    denied.shows(200, &[title, "You left before finishing", "Nothing was changed"]);
    denied.hides(&["pay me", "access_denied"]);

    site.system.pass(Duration::from_secs(25 * 3600));
    let late = browser.get(&site.callback_url(&state, "Company C", "X")).await;
    late.shows(410, &["took too long", "connect again"]);
    late.hides(&[&state]);
    is_guarded(&late);
    assert_eq!(site.exchanges(), 0);
}

#[tokio::test]
async fn finchs_answer_to_the_code_is_shown() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let wrong = browser.get(&format!("{BASE}/callback?code=wrong&state={state}")).await;
    wrong.shows(400, &["does not accept this sign-in any more"]);

    let (state, back) = site.attempt(&browser).await;
    site.finch.fail_next(not_sent());
    let down = browser.get(&back).await;
    down.shows(503, &["could not reach Finch", "href=\"\">Try again"]);
    down.hides(&[&state]);
    is_guarded(&down);
    assert_eq!(browser.get(&back).await.done(), "connected");

    let state = site.begin(&browser).await;
    let back = site.callback_url(&state, "Company D", "X");
    site.finch.lose_next_answer();
    let lost = browser.get(&back).await;
    lost.shows(502, &["did not reach us, or cannot be read", "Connect once more"]);
    assert_eq!(browser.get(&back).await.body, lost.body, "and the code is not sent again");
    // One button, where it says what for: with another company the lost one would stay lost.
    let page = browser.get(BASE).await;
    let finish = "Finish the earlier connection";
    page.shows(200, &["got lost. Connect the same company once more", finish]);
    assert_eq!(page.body.matches(&format!("action=\"{BASE}/connect\"")).count(), 1);
}

#[tokio::test]
async fn a_token_that_no_store_takes_is_the_hosts_and_no_pages() {
    let (site, browser) = Site::visited().await;
    let (state, back) = site.attempt(&browser).await;
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let page = browser.get(&back).await;
    page.shows(503, &["Almost connected", "put in a safe place", "Connect once more"]);
    assert!(page.header(header::RETRY_AFTER).is_some());
    let issued = site.finch.issued().remove(0);
    assert_eq!(*site.host.rescued.lock().unwrap(), [issued.expose()]);
    page.hides(&[issued.expose(), &state]);

    // One that the sink could not keep either is not shown as kept.
    *site.host.rescue_fails.lock().unwrap() = true;
    site.store.intercept.recover();
    let (_, back) = site.attempt(&browser).await;
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let page = browser.get(&back).await;
    page.shows(503, &["Almost connected", "contact support"]);
    page.hides(&["safe place"]);
    browser.get(&back).await.shows(503, &["was cut off", "connect once more"]);
}

/// The answer with the only copy of a token comes when the browser is gone.
#[tokio::test]
async fn a_browser_that_goes_away_loses_no_token() {
    let (site, browser) = Site::visited().await;
    let (_, back) = site.attempt(&browser).await;
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let hold = site.finch.hold_next(Held::BeforeItsAnswer);
    tokio::select! {
        _ = browser.get(&back) => panic!("it waits for Finch"),
        () = hold.reached() => {}
    }
    hold.release();
    site.app.idle().await;
    assert_eq!(site.host.rescued.lock().unwrap().len(), 1);
}
