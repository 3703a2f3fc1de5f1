//! The way back from Finch Connect, and its misuse.

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;

use crate::{
    http,
    steps::{callback_url, calls, living, pages_are_fine, says, sign_in, sign_out},
};

const EXCHANGE: &str = "POST /auth/token";

#[tokio::test]
async fn a_way_back_is_its_customers_and_works_once() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let (acme, bolt) =
        (Browser::open(&driver, Mode::Desktop).await, Browser::open(&driver, Mode::Phone).await);
    sign_in(&acme, &host, "Acme Bakery").await;
    let back = callback_url(&acme, &host, "Connect a system", "Ada").await;

    // A visitor who is not signed in is asked to, and the code stays good.
    bolt.goto(&back).await;
    bolt.sees("Choose a customer").await;
    assert_eq!(bolt.url().await, format!("{}/", host.url()));
    let visitor = http::get(&back, &[]).await;
    assert_eq!((visitor.status, visitor.location.as_str()), (303, "/"));
    assert_eq!(visitor.headers["referrer-policy"], "no-referrer");
    assert_eq!(visitor.headers["cache-control"], "no-store");

    // Another customer: the page of a state that was made up.
    sign_in(&bolt, &host, "Bolt Logistics").await;
    bolt.goto(&back).await;
    says(&bolt, 404, &["We do not know this connection", "connect again"]).await;
    pages_are_fine(&bolt, "problem-stolen-phone").await;
    let stolen = bolt.source().await;
    bolt.goto(&format!("{}/callback?code=made-up&state=made-up", host.pages())).await;
    assert_eq!(bolt.source().await, stolen);
    bolt.press("Your connections").await;
    bolt.sees("Nothing is connected").await;
    bolt.close().await;
    assert_eq!(calls(&host, EXCHANGE), 0, "nothing was sent");

    // Whose it is goes on, loads it again, and opens it again by hand.
    acme.goto(&back).await;
    acme.sees("is now connected").await;
    let done = acme.url().await;
    let (page, query) = done.split_once('?').expect("what was done");
    assert_eq!(page, host.pages());
    assert!(query.starts_with("done=connected&connection="), "the code has left: {query}");
    acme.reload().await;
    acme.sees("is now connected").await;
    acme.goto(&back).await;
    acme.sees("is now connected").await;
    assert_eq!(acme.url().await, done);
    let (before, _) = back.split_once("code=").expect("a code");
    let (_, state) = back.split_once("state=").expect("a state");
    acme.goto(&format!("{before}code=another&state={state}")).await;
    says(&acme, 409, &["Already used", "it works only once"]).await;
    pages_are_fine(&acme, "problem-used").await;
    assert_eq!((calls(&host, EXCHANGE), living(&host)), (1, 1));
    acme.close().await;
}

/// Finch does not promise to send the state back.
#[tokio::test]
async fn a_callback_without_state_completes_what_this_browser_began_and_nothing_else() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let (acme, bolt) =
        (Browser::open(&driver, Mode::Desktop).await, Browser::open(&driver, Mode::Phone).await);
    let without_state = |back: String| back.split_once("&state=").expect("a state").0.to_owned();
    sign_in(&acme, &host, "Acme Bakery").await;
    let back = without_state(callback_url(&acme, &host, "Connect a system", "Ada").await);

    // The same customer in another browser, which has begun nothing.
    sign_in(&bolt, &host, "Acme Bakery").await;
    bolt.goto(&back).await;
    says(&bolt, 400, &["This sign-in cannot be finished here", "connect again"]).await;
    pages_are_fine(&bolt, "problem-no-attempt-phone").await;
    assert_eq!(calls(&host, EXCHANGE), 0, "nothing was sent");
    acme.goto(&back).await;
    acme.sees("is now connected").await;
    assert_eq!(living(&host), 1);

    // Another customer's code, planted in a browser that is about to connect.
    bolt.goto(host.url()).await;
    sign_out(&bolt).await;
    sign_in(&bolt, &host, "Bolt Logistics").await;
    let planted = without_state(callback_url(&bolt, &host, "Connect a system", "Eve").await);
    acme.goto(&host.pages()).await;
    acme.press("Connect another system").await;
    acme.sees("Which system does your company use?").await;
    acme.goto(&planted).await;
    says(&acme, 409, &["This needs a look", "it is not used"]).await;
    pages_are_fine(&acme, "problem-planted").await;
    acme.press("Your connections").await;
    assert_eq!(acme.text().await.matches("Connected since").count(), 1);
    acme.close().await;
    bolt.close().await;
}

#[tokio::test]
async fn a_way_back_that_leads_nowhere_says_so_and_loses_nothing() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    let browser = Browser::open(&driver, Mode::Desktop).await;
    sign_in(&browser, &host, "Acme Bakery").await;
    let back = callback_url(&browser, &host, "Connect a system", "Ada").await;
    let callback = format!("{}/callback", host.pages());
    let (_, state) = back.split_once("state=").expect("a state");

    for query in ["", &format!("?state={state}"), &format!("?code=&state={state}")] {
        browser.goto(&format!("{callback}{query}")).await;
        says(&browser, 400, &["Something is missing", "Nothing was connected", "connect again"])
            .await;
        assert!(!browser.source().await.contains(state));
    }
    pages_are_fine(&browser, "problem-missing").await;

    // What is written into the address is not shown, and does not run.
    let nasty = "%3Cscript%3Edocument.title%3D%27run%27%3C%2Fscript%3Ecall%200900";
    browser
        .goto(&format!("{callback}?error={nasty}&error_description={nasty}&state={state}"))
        .await;
    says(&browser, 502, &["The sign-in was not completed", "contact support"]).await;
    browser.does_not_see("0900").await;
    assert_eq!(browser.count("script").await, 0);
    pages_are_fine(&browser, "problem-finch-failed").await;
    browser.goto(&format!("{callback}?error=access_denied&error_description={nasty}")).await;
    says(&browser, 200, &["You left before finishing", "Nothing was changed"]).await;
    browser.does_not_see("0900").await;

    // The provider refuses the sign-in: Finch's own page leads back with its error.
    browser.goto(&host.pages()).await;
    browser.press("Connect a system").await;
    browser.press("Gusto").await;
    browser.press("Play a failure").await;
    browser.press("Let the sign-in fail").await;
    says(&browser, 502, &["The sign-in was not completed"]).await;

    // After all of that the way back leads there.
    assert_eq!(calls(&host, EXCHANGE), 0);
    browser.goto(&back).await;
    browser.sees("is now connected").await;
    assert_eq!(living(&host), 1);
    browser.close().await;
}
