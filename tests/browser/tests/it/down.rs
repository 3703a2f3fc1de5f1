//! Finch is down.

use std::time::Duration;

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::Fault;
use finch_example_host::{Host, Settings};

use crate::steps::{
    callback_url, calls, connect, disconnect_all, living, pages_are_fine, says, sign_in,
};

const FOR_LONG: u32 = 10_000;

#[tokio::test]
async fn finch_is_down_while_a_customer_connects() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let finch = host.emulator();
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;

    finch.push_fault(Fault::on("/connect/sessions").drop_before_effect().times(FOR_LONG));
    browser.press("Connect a system").await;
    let nothing = "Nothing was connected or changed";
    says(&browser, 503, &["Finch is not available just now", nothing, "Try again"]).await;
    pages_are_fine(&browser, "problem-finch-down").await;
    finch.clear_faults();
    browser.press("Your connections").await;

    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;

    // Its answer gets lost: a token exists that the application does not have. The code is not sent again.
    let back = callback_url(&browser, &host, "Connect another system", "Bob").await;
    let exchanges = calls(&host, "POST /auth/token");
    finch.push_fault(Fault::on("/auth/token").drop_after_effect());
    browser.goto(&back).await;
    says(&browser, 502, &["No answer reached us", "Connect once more, with the same company"])
        .await;
    pages_are_fine(&browser, "problem-answer-lost").await;
    browser.reload().await;
    says(&browser, 502, &["No answer reached us"]).await;
    assert_eq!((calls(&host, "POST /auth/token"), living(&host)), (exchanges + 1, 2));
    browser.press("Your connections").await;
    browser.sees("answer to an earlier sign-in got lost").await;
    pages_are_fine(&browser, "connections-lost").await;
    // Finch knows that connection, so that it is renewed.
    browser.does_not_see("Connect another system").await;
    browser.press("Finish the earlier connection").await;
    browser.press("Connect again").await;
    browser.sees("is now connected").await;
    browser.does_not_see("got lost").await;
    assert_eq!(living(&host), 3);

    // And one disconnect ends all of them, the lost one included.
    disconnect_all(&browser, &host).await;
    browser.close().await;
}

#[tokio::test]
async fn finch_is_down_while_a_customer_disconnects() {
    let Some(driver) = Driver::start() else { return };
    let settings = Settings { disconnect_patience: Duration::ZERO, ..Settings::default() };
    let host = Host::start_with(settings).await.expect("a host");
    let finch = host.emulator();
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;

    for path in ["/disconnect", "/introspect"] {
        finch.push_fault(Fault::on(path).status(503).times(FOR_LONG));
    }
    browser.press("Disconnect").await;
    browser.press("Disconnect").await;
    says(&browser, 200, &["Access is switched off", "has not confirmed the end yet"]).await;
    pages_are_fine(&browser, "disconnect-pending").await;
    browser.press("Your connections").await;
    browser.sees("Disconnecting").await;
    browser.does_not_see("What is shared").await;
    pages_are_fine(&browser, "connections-pending").await;
    browser.press("Check progress").await;
    says(&browser, 200, &["is being disconnected", "you don’t need to do anything"]).await;
    pages_are_fine(&browser, "disconnect-going-on").await;
    browser.press("Ask Finch now").await;
    browser.sees("Access is switched off").await;
    assert_eq!(living(&host), 1);

    // Finch is back, and no button is pressed: the reconciler goes on.
    finch.clear_faults();
    browser.until_sees("is disconnected").await;
    assert_eq!(living(&host), 0);
    browser.press("Your connections").await;
    browser.sees("Ended").await;
    browser.does_not_see("Disconnecting").await;
    browser.close().await;
}
