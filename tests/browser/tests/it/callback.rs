//! The way back from Finch Connect, and its misuse.

use finch_browser::{Browser, Driver, Mode};
use finch_example_host::Host;

use crate::steps::{callback_url, calls, living, pages_are_fine, says, sign_in};

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

    // Another customer: the page of a state that was made up.
    sign_in(&bolt, &host, "Bolt Logistics").await;
    bolt.goto(&back).await;
    says(&bolt, 404, &["We do not know this connection", "connect again"]).await;
    pages_are_fine(&bolt, "problem-stolen-phone").await;
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
    acme.close().await;
    bolt.close().await;
}
