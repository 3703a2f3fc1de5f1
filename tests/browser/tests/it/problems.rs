//! What a person reads where something stands in the way. What then happens, and what does not, `finch-web`'s own
//! tests show.

use std::time::Duration;

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::{Host, Settings};
use rusqlite::Connection;

use crate::steps::{callback_url, calls, disconnect_all, living, pages_are_fine, says, sign_in};

#[tokio::test]
async fn every_problem_is_a_page_with_a_way_out() {
    let Some(driver) = Driver::start() else { return };
    let settings = Settings { store_patience: Duration::from_millis(50), ..Settings::default() };
    let host = Host::start_with(settings).await.expect("a host");
    let (acme, bolt) =
        (Browser::open(&driver, Mode::Desktop).await, Browser::open(&driver, Mode::Phone).await);
    sign_in(&acme, &host, "Acme Bakery").await;
    let back = callback_url(&acme, &host, "Connect a system", "Ada").await;

    // Another customer gets the page of a state that was made up; without a state, that of a browser which has
    // begun nothing.
    sign_in(&bolt, &host, "Bolt Logistics").await;
    bolt.goto(&back).await;
    says(&bolt, 404, &["We do not know this connection", "connect again"]).await;
    pages_are_fine(&bolt, "problem-stolen-phone").await;
    bolt.goto(back.split_once("&state=").expect("a state").0).await;
    says(&bolt, 400, &["This sign-in cannot be finished here", "connect again"]).await;
    pages_are_fine(&bolt, "problem-no-attempt-phone").await;
    bolt.press("Your connections").await;
    bolt.sees("Nothing is connected").await;
    bolt.close().await;

    let store = Connection::open(host.folder().join("finch.db")).expect("the store");
    store.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    acme.goto(&back).await;
    says(&acme, 503, &["Not available just now", "Our records are busy", "nothing is lost"]).await;
    pages_are_fine(&acme, "problem-store-locked").await;
    store.execute_batch("ROLLBACK").expect("an unlocked store");
    assert_eq!(calls(&host, "POST /auth/token"), 0, "nothing was sent");

    let full = "CREATE TRIGGER full BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'full'); END";
    store.execute_batch(full).expect("a store that takes no token");
    acme.press("Try again").await;
    says(&acme, 503, &["Almost connected", "put in a safe place"]).await;
    pages_are_fine(&acme, "problem-almost-connected").await;
    store.execute_batch("DROP TRIGGER full").expect("a store that takes tokens");
    acme.press("Your connections").await;
    acme.press("Connect a system").await;
    acme.press("Connect again").await;
    acme.sees("is now connected").await;
    assert_eq!(living(&host), 2);
    disconnect_all(&acme, &host).await;
    acme.close().await;
}

/// Finch does not promise to send the state back: a cookie of this browser stands for it.
#[tokio::test]
async fn a_callback_without_state_completes_what_this_browser_began() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    let back = callback_url(&browser, &host, "Connect a system", "Ada").await;
    browser.goto(back.split_once("&state=").expect("a state").0).await;
    browser.sees("is now connected").await;
    let url = browser.url().await;
    assert!(
        url.starts_with(&format!("{}?done=connected&", host.pages())),
        "the code is left: {url}"
    );
    assert_eq!(living(&host), 1);
    browser.close().await;
}
