//! The emulator's own pages.

use finch_browser::{Browser, Driver, Mode};
use finch_emulator::{Emulator, Login};
use finch_example_host::Host;
use serde_json::json;

use crate::steps::{pages_are_fine, sign_in};

const MODES: [(Mode, &str); 3] =
    [(Mode::Desktop, "light"), (Mode::Dark, "dark"), (Mode::Phone, "phone")];

/// What sticks out of the page, but for what is cut off.
const OUTSIDE: &str = "return [...document.querySelectorAll('body *:not(option, thead *, .cut *, .vh *)')]\
     .filter(one => one.getBoundingClientRect().right > innerWidth + 1)\
     .map(one => one.outerHTML).join('; ')";
/// Into how many lines a token is broken.
const TOKEN_LINES: &str = "return Math.max(...[...document.querySelectorAll('.tokens tbody code')]\
     .map(token => token.getClientRects().length))";

/// As long as a name can be, one that is read from the right, and one of HTML.
fn names() -> [String; 3] {
    let long = format!("{} {}", "W".repeat(100), "x".repeat(154));
    [long, "شركة الرواتب (7)!".to_owned(), "</title><script></script><i id=injected>".to_owned()]
}

/// A person logs in, and the code becomes a token.
async fn connected(emulator: &Emulator, login: Login) {
    let body = json!({
        "client_id": emulator.client_id(),
        "client_secret": emulator.client_secret(),
        "code": emulator.issue_code(login),
    });
    let url = format!("{}/auth/token", emulator.url());
    let answer = reqwest::Client::new().post(url).json(&body).send().await.expect("an answer");
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn the_dashboard_is_for_everybody() {
    let Some(driver) = Driver::start() else { return };
    let emulator = Emulator::start().await.expect("an emulator");
    for name in names() {
        connected(&emulator, Login::new(&name, &name, &name, "X").customer_id(&name)).await;
    }
    emulator
        .webhooks_to("http://127.0.0.1:1/hooks", "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH")
        .expect("ok");
    for (mode, name) in MODES {
        let browser = Browser::open(&driver, mode).await;
        browser.goto(emulator.url()).await;
        pages_are_fine(&browser, &format!("emulator-{name}")).await;
        assert_eq!(browser.evaluate(TOKEN_LINES).await, 1, "a token is broken into lines");
        for part in ["Send account.updated", "Change the receiver", "Set status"] {
            browser.press(part).await;
        }
        browser.picture(&format!("emulator-open-{name}")).await;
        assert!(browser.fits_the_screen().await);
        assert_eq!(browser.evaluate(OUTSIDE).await, "", "something sticks out");
        assert_eq!(browser.count("#injected, script:not([src])").await, 0, "a name is HTML");
        browser.close().await;
    }
}

#[tokio::test]
async fn connect_is_for_everybody() {
    let Some(driver) = Driver::start() else { return };
    let host = Host::start(None).await.expect("a host");
    for name in names() {
        connected(host.emulator(), Login::new("A", &name, "Elsewhere", "X")).await;
    }
    for (mode, name) in MODES {
        let browser = Browser::open(&driver, mode).await;
        sign_in(&browser, &host, "Acme Bakery").await;
        browser.press("Connect a system").await;
        browser.sees("asks to connect to the payroll or HR system of Acme Bakery").await;
        pages_are_fine(&browser, &format!("choose-{name}")).await;
        let [long, ..] = names();
        browser.press(&long).await;
        for field in ["Company", "User", "Credentials"] {
            browser.fill(field, &long).await;
        }
        pages_are_fine(&browser, &format!("sign-in-{name}")).await;
        browser.press("Continue").await;
        browser.sees("Allow access to").await;
        pages_are_fine(&browser, &format!("consent-{name}")).await;
        browser.close().await;
    }
}
