//! Several sign-ins of one connection, which needs one of them again.

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::WebhookEvent;
use finch_example_host::Host;

use crate::steps::{calls, connect, living, sign_in, until};

#[tokio::test]
async fn one_of_two_who_signs_in_again_is_enough() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let finch = host.emulator();
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    connect(&browser, "Connect a system", "Acme Bakery LLC", "Ada").await;
    connect(&browser, "Connect another system", "Acme Bakery LLC", "Bob").await;
    let connections = finch.state().connections;
    let [connection] = &connections[..] else { panic!("{connections:?}") };

    for (who, tokens) in [("Ada", 3), ("Cleo", 4)] {
        assert!(finch.set_status(&connection.connection_id, "reauth"));
        browser.goto(&host.pages()).await;
        browser.until_sees("Sign-in needed").await;
        browser.press("Sign in again").await;
        browser.fill("User", who).await;
        browser.fill("Credentials", who).await;
        browser.press("Connect again").await;
        browser.sees("is now connected").await;
        browser.sees("Connected since").await;
        browser.does_not_see("Sign-in needed").await;
        // A hint that comes too late: Finch is asked, and denies it.
        let asked = calls(&host, "GET /introspect");
        let hint = WebhookEvent::account_updated(&connection.connection_id, "reauth");
        finch.send_webhook(&hint).expect("a webhook");
        until(&browser, || calls(&host, "GET /introspect") > asked).await;
        browser.does_not_see("Sign-in needed").await;
        assert_eq!(browser.text().await.matches("Connected since").count(), 1);
        assert_eq!(living(&host), tokens);
    }
    browser.press("Disconnect").await;
    browser.sees("sign-ins, including any that colleagues have made").await;
    browser.press("Disconnect").await;
    browser.sees("is disconnected").await;
    assert_eq!(living(&host), 0);
    browser.close().await;
}
