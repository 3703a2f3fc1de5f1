//! A callback without `state`: Finch's newest session page does not promise it.

use axum::http::header;
use finch_app::OperatorScope;
use finch_core::{AuthorizationCode, FinchCustomerId, TokenState};

use crate::{
    browser::{Browser, Seen},
    site::{BASE, Site, is_guarded},
};

/// A person signs in at Finch, in a session of this customer id: the code.
fn sign_in(site: &Site, company: &str, session_of: Option<&str>) -> AuthorizationCode {
    let session_of = session_of.map(|id| FinchCustomerId::new(id).unwrap());
    site.finch.login("gusto", company, "X", session_of.as_ref())
}

async fn come_back(browser: &Browser, code: &AuthorizationCode) -> Seen {
    browser.get(&format!("{BASE}/callback?code={}", code.expose())).await
}

/// The states of all tokens, of every customer.
async fn tokens(site: &Site) -> Vec<TokenState> {
    let operator = OperatorScope::acting_as("operator".parse().unwrap());
    let all = site.app.connections(&operator).all().await.unwrap();
    all.into_iter().flat_map(|view| view.tokens).map(|token| token.state).collect()
}

#[tokio::test]
async fn the_browser_that_began_an_attempt_completes_it() {
    let (site, browser) = Site::visited().await;
    let begun = browser.change(&format!("{BASE}/connect")).await;
    let cookie = begun.header(header::SET_COOKIE).unwrap();
    assert!(cookie.starts_with("__Host-finch-attempt-0="), "{cookie}");
    let code = sign_in(&site, "Company C", Some("acme"));
    assert_eq!(come_back(&browser, &code).await.done(), "connected");
    assert_eq!(come_back(&browser, &code).await.done(), "connected", "loaded again");
    assert_eq!(site.exchanges(), 1);
    browser.get(BASE).await.shows(200, &["Company C"]);

    // A renewal is begun, and kept, in the same way.
    let id = site.finch.alive()[0].1.clone();
    browser.change(&format!("{BASE}/connections/{id}/reauthenticate")).await.location();
    let code = site.finch.login_again(&id).unwrap();
    assert_eq!(come_back(&browser, &code).await.done(), "connected");
    assert_eq!(tokens(&site).await, [TokenState::Active, TokenState::Active]);
}

/// An attacker signs in at Finch in a session of their own, and sends a victim who is about to connect to the
/// callback with that code: payroll data of the attacker's would stand in the victim's account.
#[tokio::test]
async fn a_code_planted_in_a_browser_with_a_live_attempt_connects_nothing() {
    for session_of in [Some("attacker"), Some("acme~2"), None] {
        let (site, victim) = Site::visited().await;
        site.begin(&victim).await;
        let code = sign_in(&site, "Evil Inc", session_of);
        let planted = come_back(&victim, &code).await;
        planted.shows(409, &["This needs a look", "it is not used", "Contact support"]);
        planted.hides(&[code.expose()]);
        is_guarded(&planted);
        come_back(&victim, &code).await.shows(409, &["This needs a look"]);
        victim.get(BASE).await.shows(200, &["Nothing is connected"]);
        assert_eq!(tokens(&site).await, [TokenState::Quarantined], "kept, for it is billed");
        assert!(site.take_changes().is_empty());

        // The victim connects all the same, in another attempt.
        site.begin(&victim).await;
        let code = sign_in(&site, "Company C", Some("acme"));
        assert_eq!(come_back(&victim, &code).await.done(), "connected");
    }
}

/// With the state that came back, Finch may leave the customer id out.
#[tokio::test]
async fn with_a_state_the_cookie_proves_nothing_and_is_not_needed() {
    let (site, browser) = Site::visited().await;
    let (_, back) = site.attempt(&browser).await;
    let forged = browser.get(&format!("{BASE}/callback?code=a-code&state=made-up")).await;
    forged.shows(404, &["belong to a connection that you started here"]);
    browser.forget_cookies();
    assert_eq!(browser.get(&back).await.done(), "connected");
    assert_eq!(site.exchanges(), 1);
}

#[tokio::test]
async fn without_an_attempt_of_this_browser_nothing_is_sent() {
    let (site, browser) = Site::visited().await;
    let code = sign_in(&site, "Company C", Some("acme"));
    let none = come_back(&browser, &code).await;
    none.shows(400, &["cannot be finished here", "Nothing was connected", "connect again: in one"]);
    none.hides(&[code.expose()]);
    is_guarded(&none);
    let state = "a".repeat(64);
    for junk in [
        "junk.junk\u{e9}".to_owned(),
        state.clone(),
        format!("1.{}g", &state[1..]),
        format!("70000.{state}"),
        format!("1.{state}.00"),
        format!("1.{state}.{}.1", "0".repeat(16)),
    ] {
        browser.set_cookie("__Host-finch-attempt-0", &junk);
        assert_eq!(come_back(&browser, &code).await.body, none.body, "{junk}");
    }
    // A state that was never begun, under the last number that there is: the next attempt is kept all the same.
    browser.set_cookie("__Host-finch-attempt-0", &format!("65535.{state}"));
    come_back(&browser, &code).await.shows(404, &["that you started here"]);

    // Another customer has begun in the same browser.
    let mut shared = site.browser("other");
    site.begin(&shared).await;
    shared.sign_in("acme");
    come_back(&shared, &code).await.shows(404, &["that you started here", "connect again"]);

    // The attempt has expired.
    let browser = site.browser("acme");
    site.begin(&browser).await;
    site.system.pass(std::time::Duration::from_secs(25 * 3600));
    come_back(&browser, &code).await.shows(410, &["took too long", "connect again"]);
    assert_eq!(site.exchanges(), 0);
}

#[tokio::test]
async fn each_tab_completes_an_attempt_of_its_own() {
    let (site, browser) = Site::visited().await;
    site.begin(&browser).await;
    site.begin(&browser).await;
    let [one, two] = ["C", "D"].map(|company| sign_in(&site, company, Some("acme")));
    for code in [&one, &two] {
        assert_eq!(come_back(&browser, code).await.done(), "connected");
    }
    let three = sign_in(&site, "E", Some("acme"));
    come_back(&browser, &three).await.shows(409, &["works only once"]);
    assert_eq!(site.exchanges(), 2, "the third code was not sent");

    // A page that is loaded again uses no attempt that was begun since.
    site.begin(&browser).await;
    for code in [&one, &two] {
        assert_eq!(come_back(&browser, code).await.done(), "connected");
    }
    assert_eq!(site.exchanges(), 0);
    let four = sign_in(&site, "F", Some("acme~2"));
    assert_eq!(come_back(&browser, &four).await.done(), "connected");

    // The oldest of five has made room.
    for _ in 0..2 {
        site.begin(&browser).await;
    }
    assert_ne!(come_back(&browser, &two).await.status, 303, "it had the oldest");
}

/// Both come back before either has an answer, so that neither cookie says which attempt is whose.
#[tokio::test]
async fn two_tabs_that_come_back_at_once_are_two_connections() {
    let (site, browser) = Site::visited().await;
    site.begin(&browser).await;
    site.begin(&browser).await;
    let [one, two] = ["C", "D"].map(|company| sign_in(&site, company, Some("acme")));
    let (first, second) = tokio::join!(come_back(&browser, &one), come_back(&browser, &two));
    assert_eq!((first.done(), second.done()), ("connected", "connected"));
    assert_eq!(tokens(&site).await, [TokenState::Active, TokenState::Active]);
}
