//! A payroll application's customers, at its pages and Finch's.

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;

use crate::steps::{connect, living, pages_are_fine, says, sign_in, sign_in_at_gusto};

#[tokio::test]
async fn a_connections_whole_life() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let finch = host.emulator();
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    browser.sees("Nothing is connected").await;
    pages_are_fine(&browser, "connections-none").await;

    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    browser.sees("Connected since").await;
    connect(&browser, "Connect another system", "Acme Bakery LLC", "Bob").await;
    assert_eq!(finch.issued_tokens().len(), 2);
    let text = browser.text().await;
    assert_eq!(text.matches("Connected since").count(), 1, "one connection, of two tokens: {text}");
    pages_are_fine(&browser, "connections").await;

    browser.press("Disconnect").await;
    browser.sees("This can’t be undone").await;
    pages_are_fine(&browser, "disconnect").await;
    browser.press("Disconnect").await;
    browser.sees("disconnected").await;
    pages_are_fine(&browser, "disconnected").await;
    assert_eq!(living(&host), 0);
    browser.goto(&host.pages()).await;
    browser.sees("Ended").await;
    browser.does_not_see("Connected since").await;
    browser.close().await;
}

#[tokio::test]
async fn a_person_authenticates_again() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    connect(&browser, "Connect another system", "Acme Bakery LLC", "Bob").await;

    // Finch says so by webhook: from its own page.
    browser.goto(host.emulator().url()).await;
    browser.press("Needs reauth").await;
    browser.sees("The status is set.").await;
    browser.goto(&host.pages()).await;
    browser.until_sees("Sign-in needed").await;
    pages_are_fine(&browser, "sign-in-needed").await;
    browser.press("Sign in again").await;
    browser.press("Connect again").await;
    browser.sees("is now connected").await;
    browser.does_not_see("Sign-in needed").await;
    assert_eq!(browser.text().await.matches("Connected since").count(), 1);

    // An end at Finch also comes by webhook.
    browser.goto(host.emulator().url()).await;
    browser.press("Disconnect").await;
    browser.press("Disconnect for good").await;
    browser.sees("The connection has ended, with all its tokens.").await;
    browser.goto(&host.pages()).await;
    browser.until_sees("Ended").await;
    browser.close().await;
}

#[tokio::test]
async fn a_person_says_no() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    browser.press("Connect a system").await;
    pages_are_fine(&browser, "finch-connect").await;
    browser.press("Gusto").await;
    browser.press("Play a failure").await;
    browser.press("Let the sign-in fail").await;
    says(&browser, 502, &["The sign-in was not completed", "Nothing was changed"]).await;
    pages_are_fine(&browser, "problem-finch-failed").await;
    browser.press("Your connections").await;
    browser.press("Connect a system").await;
    browser.press("Cancel").await;
    browser.sees("You left before finishing").await;
    pages_are_fine(&browser, "not-connected").await;
    browser.sees("Nothing is connected").await;
    // The button goes back to Finch Connect, where the session is still open.
    browser.back().await;
    sign_in_at_gusto(&browser, "Acme Bakery LLC", "Ada").await;
    browser.sees("is now connected").await;
    assert_eq!(host.emulator().issued_tokens().len(), 1);
    browser.close().await;
}

#[tokio::test]
async fn without_scripts_in_the_dark_and_on_a_phone() {
    let Some(driver) = Driver::start() else { return };
    for (mode, name) in
        [(Mode::WithoutScripts, "plain"), (Mode::Dark, "dark"), (Mode::Phone, "phone")]
    {
        let host = Host::start(None).await.expect("a host");
        let browser = Browser::open(&driver, mode).await;
        sign_in(&browser, &host, "Acme Bakery").await;
        connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
        browser.picture(&format!("connections-{name}")).await;
        if mode != Mode::WithoutScripts {
            pages_are_fine(&browser, &format!("connections-{name}")).await;
        }
        browser.press("Disconnect").await;
        browser.sees("This can’t be undone").await;
        browser.press("Disconnect").await;
        browser.sees("disconnected").await;
        assert_eq!(living(&host), 0);
        browser.close().await;
    }
}
