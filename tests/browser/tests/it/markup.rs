//! HTML in every name: it is shown as it was written, and does nothing.

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;

use crate::steps::{pages_are_fine, sign_in};

const COMPANY: &str = "<script>document.title=7</script>\"><i id=injected>O'Leary & Sons";
const USER: &str = "<img src=x onerror=\"document.title=7\"><i id=injected>";
const PROVIDER: &str = "</title><script>document.title=7</script><i id=injected>";

/// Nothing of a name has become a part of the page.
async fn is_text(browser: &Browser) {
    assert_eq!(browser.count("#injected, img, [onerror], i").await, 0);
    assert_eq!(browser.count("script:not([src])").await, 0);
    let title = browser.evaluate("return document.title").await;
    assert_ne!(title, "7", "{}", browser.url().await);
}

#[tokio::test]
async fn html_in_every_name_is_text() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;

    // At Finch: an unlisted provider, a company, a person.
    browser.press("Connect a system").await;
    browser.fill("Search providers", PROVIDER).await;
    browser.press("Search").await;
    is_text(&browser).await;
    browser.press("Connect to “</title>").await;
    browser.fill("Company", COMPANY).await;
    browser.fill("User", USER).await;
    browser.fill("Credentials", USER).await;
    browser.press("Continue").await;
    browser.sees(USER).await;
    browser.sees("O'Leary & Sons?").await;
    is_text(&browser).await;
    browser.press("Connect").await;

    // At the application: the list, the preview, what came of it, and the list of what was.
    browser.sees("is now connected").await;
    browser.sees("id=injected>O'Leary").await;
    is_text(&browser).await;
    pages_are_fine(&browser, "names").await;
    browser.press("Disconnect").await;
    browser.sees("This can’t be undone").await;
    browser.sees("id=injected>O'Leary").await;
    is_text(&browser).await;
    pages_are_fine(&browser, "names-preview").await;

    // In Finch's dashboard, while it lives and after its end.
    let preview = browser.url().await;
    browser.goto(host.emulator().url()).await;
    browser.sees("id=injected>O'Leary").await;
    is_text(&browser).await;
    browser.goto(&preview).await;
    browser.press("Disconnect").await;
    browser.sees("is disconnected").await;
    browser.sees("id=injected>O'Leary").await;
    is_text(&browser).await;
    browser.close().await;
}
