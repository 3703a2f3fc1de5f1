//! The store is locked, or gone, while its pages are open.

use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::{Host, Settings};
use rusqlite::Connection;

use crate::steps::{
    callback_url, calls, connect, disconnect_all, living, pages_are_fine, says, sign_in,
    sign_in_at_gusto,
};

#[tokio::test]
async fn a_locked_store_is_said_and_loses_nothing() {
    let Some(driver) = Driver::start() else { return };
    let settings = Settings { store_patience: Duration::from_millis(50), ..Settings::default() };
    let host = Host::start_with(settings).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    let back = callback_url(&browser, &host, "Connect another system", "Bob").await;

    let other = Connection::open(host.folder().join("finch.db")).expect("the store");
    other.busy_timeout(Duration::from_secs(5)).expect("a timeout");
    other.execute_batch("BEGIN EXCLUSIVE").expect("a lock");
    browser.goto(&host.pages()).await;
    browser.sees("Connected since").await;
    browser.press("Disconnect").await;
    browser.press("Disconnect").await;
    let busy = ["Not available just now", "Our records are busy", "Your connections are safe"];
    says(&browser, 503, &busy).await;
    pages_are_fine(&browser, "problem-store-locked").await;
    browser.press("Your connections").await;
    browser.sees("Connected since").await;
    browser.goto(&back).await;
    says(&browser, 503, &busy).await;
    browser.sees("nothing is lost").await;
    assert_eq!((calls(&host, "POST /disconnect"), calls(&host, "POST /auth/token")), (0, 1));

    other.execute_batch("ROLLBACK").expect("an unlocked store");
    browser.press("Try again").await;
    browser.sees("is now connected").await;
    assert_eq!(living(&host), 2);
    disconnect_all(&browser, &host).await;
    browser.close().await;
}

#[tokio::test]
async fn a_token_that_the_store_does_not_take_is_in_a_file() {
    let Some(driver) = Driver::start() else { return };
    let settings = Settings { store_patience: Duration::from_millis(50), ..Settings::default() };
    let host = Host::start_with(settings).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    let store = Connection::open(host.folder().join("finch.db")).expect("the store");
    let full = "CREATE TRIGGER full BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'full'); END";
    store.execute_batch(full).expect("a store that takes no token");
    browser.press("Connect a system").await;
    sign_in_at_gusto(&browser, "Acme Bakery LLC", "Ada").await;
    says(&browser, 503, &["Almost connected", "put in a safe place"]).await;
    let mut files = fs::read_dir(host.folder()).expect("the folder").flatten().map(|f| f.path());
    let file = files.find(|file| file.to_string_lossy().contains("rescue-")).expect("a file");
    let kept = fs::read_to_string(&file).expect("a file");
    let kept: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
    assert_eq!(kept["access_token"], host.emulator().issued_tokens()[0].secret.as_str());
    assert_eq!(kept["customer"], "acme-bakery");
    assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
    pages_are_fine(&browser, "problem-almost-connected").await;
    browser.reload().await;
    says(&browser, 503, &["One moment, please", "for ten minutes, connect once more"]).await;

    store.execute_batch("DROP TRIGGER full").expect("a store that takes tokens");
    browser.press("Your connections").await;
    browser.press("Connect a system").await;
    browser.press("Connect again").await;
    browser.sees("is now connected").await;
    assert_eq!(living(&host), 2);
    disconnect_all(&browser, &host).await;
    browser.close().await;
}
