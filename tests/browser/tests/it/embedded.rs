//! Finch Connect within a page of the application's own, by the script of `docs/embedding.md`.

use std::sync::atomic::Ordering;

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::Fault;

use crate::{
    embedding::Embedding,
    steps::{pages_are_fine, says, sign_in_at_gusto},
};

/// Opens Connect by a button of the connections page, and goes into its frame.
async fn open(browser: &Browser, button: &str) {
    browser.press(button).await;
    browser.sees("Connect your payroll").await;
    browser.enter_frame().await;
}

#[tokio::test]
async fn connect_within_a_page_of_the_applications_own() {
    let Some(driver) = Driver::start() else { return };
    let host = Embedding::start().await;
    let finch = &host.finch;
    let browser = Browser::open(&driver, Mode::Desktop).await;
    browser.goto(&host.pages).await;

    open(&browser, "Connect a system").await;
    sign_in_at_gusto(&browser, "Acme Bakery LLC", "Ada").await;
    browser.leave_frame().await;
    browser.sees("is now connected").await;
    browser.sees("Connected since").await;
    assert!(browser.url().await.starts_with(&format!("{}?done=connected&", host.pages)));

    // It is closed, or the sign-in fails: the page says so, and nothing has changed.
    open(&browser, "Connect another system").await;
    browser.press("Cancel").await;
    browser.leave_frame().await;
    browser.sees("Connected since").await;
    assert_eq!(browser.url().await, host.pages);
    open(&browser, "Connect another system").await;
    browser.press("Play a failure").await;
    browser.press("Let the sign-in fail").await;
    browser.leave_frame().await;
    says(&browser, 502, &["The sign-in was not completed", "Nothing was changed"]).await;
    browser.press("Your connections").await;

    // Finch is down: the application's page becomes one that says so.
    finch.push_fault(Fault::on("/connect/sessions").rate_limit(Some(60)));
    browser.press("Connect another system").await;
    browser.sees("Finch is not available just now").await;
    browser.sees("Nothing was connected or changed").await;
    pages_are_fine(&browser, "embedded-finch-down").await;
    browser.press("Your connections").await;
    browser.sees("Connected since").await;

    // A renewal, of the connection that the page was opened for.
    let connection = finch.state().connections.remove(0).connection_id;
    browser.goto(&format!("{}?connection={connection}", host.own_page)).await;
    browser.enter_frame().await;
    browser.press("Connect again").await;
    browser.leave_frame().await;
    browser.sees("is now connected").await;
    let tokens = finch.issued_tokens();
    assert_eq!(tokens.len(), 2);
    assert!(tokens.iter().all(|token| token.state.connection_id == connection));
    browser.close().await;
}

/// Browsers follow neither a form nor a script to a sign-in at another site, and say nothing.
#[tokio::test]
async fn who_has_been_signed_out_gets_to_a_sign_in_at_another_site() {
    let Some(driver) = Driver::start() else { return };
    let host = Embedding::start().await;
    let browser = Browser::open(&driver, Mode::Desktop).await;
    browser.goto(&host.pages).await;
    open(&browser, "Connect a system").await;
    sign_in_at_gusto(&browser, "Acme Bakery LLC", "Ada").await;
    browser.leave_frame().await;
    browser.sees("is now connected").await;

    browser.press("Disconnect").await;
    browser.sees("This can’t be undone").await;
    host.signed_out.store(true, Ordering::SeqCst);
    browser.press("Disconnect").await;
    says(&browser, 401, &["You are signed out", "nothing was changed"]).await;
    browser.press("Sign in").await;
    browser.sees("Who are you?").await;
    assert!(browser.url().await.starts_with("http://localhost:"));
    assert!(host.finch.issued_tokens().iter().all(|token| token.is_alive()));

    browser.goto(&host.own_page).await;
    browser.sees("Who are you?").await;
    browser.close().await;
}
