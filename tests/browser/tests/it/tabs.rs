//! Several tabs, and the back button.

use std::time::Duration;

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::Fault;
use finch_example_host::Host;

use crate::steps::{calls, connect, living, pages_are_fine, says, sign_in};

const PRESS: &str = "setTimeout(() => document.querySelector('button.danger').click())";

#[tokio::test]
async fn tabs_may_confirm_the_same_end_and_people_go_back() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    browser.press("Disconnect").await;
    browser.sees("This can’t be undone").await;
    let preview = browser.url().await;
    let first = browser.here().await;
    let (second, third) = (browser.another().await, browser.another().await);
    for tab in [&second, &third] {
        browser.switch_to(tab).await;
        browser.goto(&preview).await;
        browser.sees("This can’t be undone").await;
    }

    // Finch is slow, so that the second is confirmed while the first is under way.
    let slow = Fault::on("/disconnect").delay(Duration::from_millis(500));
    host.emulator().push_fault(slow);
    browser.switch_to(&second).await;
    browser.evaluate(PRESS).await;
    browser.switch_to(&first).await;
    browser.press("Disconnect").await;
    says(&browser, 200, &["disconnected"]).await;
    browser.switch_to(&second).await;
    says(&browser, 200, &["is disconnected", "Finch has confirmed it"]).await;
    assert_eq!((calls(&host, "POST /disconnect"), living(&host)), (1, 0));

    // The third has been open for too long; and the first goes back, and forth.
    browser.switch_to(&third).await;
    browser.press("Disconnect").await;
    says(&browser, 200, &["Already disconnected", "There is nothing to do"]).await;
    pages_are_fine(&browser, "already-disconnected").await;
    browser.switch_to(&first).await;
    // The browser has kept neither the page with the button nor the one before it.
    browser.back().await;
    says(&browser, 200, &["Already disconnected"]).await;
    browser.back().await;
    says(&browser, 200, &["Nothing is connected", "Ended"]).await;
    assert_eq!(calls(&host, "POST /disconnect"), 1);
    browser.close().await;
}
