//! The way back from Finch Connect, as it should be and as somebody will try it.

use std::sync::Arc;

use axum::http::header;
use finch_core::{FinchApiError, FinchCustomerId, StoreError};
use finch_testkit::Held;
use tokio::task::JoinSet;

use crate::{
    browser::{Browser, Seen},
    site::{BASE, Site, is_guarded},
};

#[tokio::test]
async fn the_same_way_back_again_shows_the_same() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    let first = browser.get(&back).await;
    let second = browser.get(&back).await;
    assert_eq!(first.location(), second.location());
    assert_eq!(first.header(header::REFERRER_POLICY), Some("no-referrer"));
    first.hides(&[&state, "code="]);
    let calls = site.finch.take_calls();
    assert_eq!(calls.iter().filter(|call| *call == "exchange").count(), 1, "{calls:?}");

    let request = browser.request(axum::http::Method::HEAD, &back);
    let looked = browser.send(request.body(axum::body::Body::empty()).unwrap()).await;
    assert_eq!(looked.location(), BASE, "whoever only looks completes nothing");

    let other = browser.get(&format!("{BASE}/callback?code=another&state={state}")).await;
    other.shows(409, &["works only once"]);
    other.hides(&[&state, "another"]);
    is_guarded(&other);
}

/// Once its connection has ended, an old way back is old news, and to nobody else any.
#[tokio::test]
async fn a_way_back_to_what_has_ended_says_so() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    browser.get(&back).await;
    let (path, preview) = site.preview(&browser).await;
    browser.press(&path, &preview).await.shows(200, &["is disconnected"]);
    site.take_changes();
    let again = browser.get(&back).await;
    assert_eq!(again.done(), "ended");
    let page = browser.get(again.location()).await;
    page.shows(200, &["has ended, or is being ended", "connect again", "Nothing is connected"]);
    assert!(site.take_changes().is_empty());

    // Nor is there anything to renew, for whoever has an old page open.
    let (renew, csrf_token) =
        (path.replace("/disconnect", "/reauthenticate"), browser.csrf_token(BASE).await);
    let renew = browser.post(&renew, &[("csrf_token", &csrf_token)]).await;
    renew.shows(409, &["has ended", "connect again"]);
}

#[tokio::test]
async fn a_forged_way_back_and_a_stolen_one_are_the_same_page() {
    let site = Site::new().await;
    let (victim, thief) = (site.browser("acme"), site.browser("other"));
    let state = site.begin(&victim).await;
    let stolen = thief.get(&site.way_back(&state, "Company C", "X")).await;
    stolen.shows(404, &["belong to a connection that you started here", "connect again"]);
    let forged = thief.get(&format!("{BASE}/callback?code=made-up&state=made-up")).await;
    assert_eq!(forged.body, stolen.body);
    assert_eq!(format!("{:?}", forged.headers), format!("{:?}", stolen.headers));
    stolen.hides(&[&state]);
    is_guarded(&stolen);
    forged.hides(&["made-up"]);
    let calls = site.finch.take_calls();
    assert!(!calls.iter().any(|call| call == "exchange"), "nothing was sent: {calls:?}");
    let back = victim.get(&site.way_back(&state, "Company C", "X")).await;
    assert_eq!(back.done(), "connected", "and the victim goes on");
}

#[tokio::test]
async fn a_way_back_that_lacks_something_says_so() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    for query in [String::new(), format!("?state={state}"), format!("?code=&state={state}")] {
        let answer = browser.get(&format!("{BASE}/callback{query}")).await;
        answer.shows(400, &["without the details", "Nothing was connected", "connect again"]);
        answer.hides(&[&state, "a-code"]);
        is_guarded(&answer);
    }
    let twice = format!("{BASE}/callback?code=a&code=b&state={state}");
    browser.get(&twice).await.shows(400, &["could not be read"]);
    assert!(!site.finch.take_calls().iter().any(|call| call == "exchange"));
}

#[tokio::test]
async fn a_refusal_is_no_error_and_nothing_of_the_address_is_shown() {
    let (_site, browser) = Site::visited().await;
    let denied = format!("{BASE}/callback?error=access_denied&error_description=%3Cb%3Epay%20me");
    let denied = browser.get(&denied).await;
    assert_eq!(
        denied.location(),
        format!("{BASE}?done=denied"),
        "nothing stays in the address bar"
    );
    let denied = browser.get(denied.location()).await;
    denied.shows(
        200,
        &["<title>Not finished · ", "You left before finishing", "Nothing was changed"],
    );
    denied.hides(&["pay me", "access_denied"]);
    let failed = browser.get(&format!("{BASE}/callback?error=call%200900&state=s")).await;
    failed.shows(502, &["The sign-in was not completed"]);
    failed.hides(&["0900"]);
    is_guarded(&failed);
}

#[tokio::test]
async fn finchs_answer_to_the_code_is_shown() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let wrong = browser.get(&format!("{BASE}/callback?code=wrong&state={state}")).await;
    wrong.shows(400, &["does not accept this sign-in any more"]);

    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    site.finch.fail_next(FinchApiError::NoAnswer { problem: "refused".into(), sent: false });
    let down = browser.get(&back).await;
    down.shows(503, &["could not reach Finch", "href=\"\">Try again"]);
    down.hides(&[&state]);
    is_guarded(&down);
    assert_eq!(browser.get(&back).await.done(), "connected");

    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company D", "X");
    site.finch.lose_next_answer();
    let lost = browser.get(&back).await;
    lost.shows(502, &["did not reach us, or cannot be read", "Connect once more"]);
    assert_eq!(browser.get(&back).await.body, lost.body, "and the code is not sent again");
    // One button, where it says what for: with another company the lost one would stay lost.
    let page = browser.get(BASE).await;
    page.shows(
        200,
        &["got lost. Connect the same company once more", "Finish the earlier connection"],
    );
    assert_eq!(page.body.matches(&format!("action=\"{BASE}/connect\"")).count(), 1);
}

#[tokio::test]
async fn a_token_that_no_store_takes_is_the_hosts_and_no_pages() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let page = browser.get(&site.way_back(&state, "Company C", "X")).await;
    page.shows(503, &["Almost connected", "put in a safe place", "Connect once more"]);
    assert!(page.header(header::RETRY_AFTER).is_some());
    let rescued = site.host.0.rescued.lock().unwrap().clone();
    let issued = site.finch.issued().remove(0);
    assert_eq!(rescued, [issued.expose()]);
    page.hides(&[issued.expose(), &state]);
}

/// The one copy of a token is in an answer that nobody waits for.
#[tokio::test]
async fn a_browser_that_goes_away_loses_no_token() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let hold = site.finch.hold_next_exchange(Held::BeforeItsAnswer);
    tokio::select! {
        _ = browser.get(&back) => panic!("it waits for Finch"),
        () = hold.reached() => {}
    }
    hold.release();
    let rescued = || site.host.0.rescued.lock().unwrap().len();
    for _ in 0..10_000 {
        if rescued() > 0 {
            break;
        }
        tokio::task::yield_now().await;
    }
    assert_eq!(rescued(), 1);
}

/// Nobody could keep the token, and the page does not say that somebody did.
#[tokio::test]
async fn a_host_that_keeps_no_token_is_not_said_to_have_kept_it() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    site.store.intercept.fail_at("commit", || StoreError::Full);
    let hold = site.finch.hold_next_exchange(Held::BeforeItsAnswer);
    let breaks = async {
        hold.reached().await;
        *site.host.0.rescue_fails.lock().unwrap() = true;
        hold.release();
    };
    let (page, ()) = tokio::join!(browser.get(&back), breaks);
    page.shows(503, &["Almost connected", "contact support"]);
    page.hides(&["safe place"]);
    // It is lost, and whoever asks again is not told that it is not.
    *site.host.0.rescue_fails.lock().unwrap() = false;
    let again = browser.get(&back).await;
    again.shows(503, &["was cut off", "connect once more"]);
    again.hides(&["lost", "We are finishing"]);
}

#[tokio::test]
async fn who_comes_back_too_late_begins_again() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    site.system.pass(std::time::Duration::from_secs(25 * 3600));
    let late = browser.get(&site.way_back(&state, "Company C", "X")).await;
    late.shows(410, &["took too long", "connect again"]);
    late.hides(&[&state]);
    is_guarded(&late);
    assert!(!site.finch.take_calls().iter().any(|call| call == "exchange"));
}

/// What twenty requests at once see.
async fn twenty(browser: Browser, path: &str) -> Vec<Seen> {
    let browser = Arc::new(browser);
    let mut requests = JoinSet::new();
    for _ in 0..20 {
        let (browser, path) = (browser.clone(), path.to_owned());
        requests.spawn(async move { browser.get(&path).await });
    }
    requests.join_all().await
}

/// Browsers prefetch and reload: all requests of one callback lead to one page. Without a state, too.
#[tokio::test]
async fn twenty_requests_of_one_callback_at_once_end_at_the_same_page() {
    for held in [Held::BeforeItsEffect, Held::BeforeItsAnswer] {
        for with_state in [true, false] {
            let site = Site::new().await;
            let browser = site.browser("acme");
            let state = site.begin(&browser).await;
            let customer = FinchCustomerId::new("acme").unwrap();
            let code = site.finch.login("gusto", "Company C", "X", Some(&customer));
            let state = if with_state { format!("&state={state}") } else { String::new() };
            let back = format!("{BASE}/callback?code={}{state}", code.expose());
            site.system.stand_still();
            let hold = site.finch.hold_next_exchange(held);
            let requests = twenty(browser, &back);
            let releases = async {
                hold.reached().await;
                for _ in 0..1000 {
                    tokio::task::yield_now().await;
                }
                hold.release();
            };
            let (pages, ()) = tokio::join!(requests, releases);
            for page in pages {
                assert_eq!(page.done(), "connected");
            }
            let calls = site.finch.take_calls();
            assert_eq!(calls.iter().filter(|call| *call == "exchange").count(), 1, "{calls:?}");
        }
    }
}

/// Nor does any of them show another error than the first.
#[tokio::test]
async fn requests_at_once_of_a_callback_that_fails_show_one_error() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = format!("{BASE}/callback?code=wrong&state={state}");
    site.system.stand_still();
    let hold = site.finch.hold_next_exchange(Held::BeforeItsEffect);
    let requests = twenty(browser, &back);
    let releases = async {
        hold.reached().await;
        hold.release();
    };
    let (pages, ()) = tokio::join!(requests, releases);
    for page in pages {
        page.shows(400, &["does not accept this sign-in any more"]);
    }
}

/// Finch takes longer than a person should look at an empty page.
#[tokio::test]
async fn a_request_waits_for_the_first_one_only_so_long() {
    let (site, browser) = Site::visited().await;
    let state = site.begin(&browser).await;
    let back = site.way_back(&state, "Company C", "X");
    let hold = site.finch.hold_next_exchange(Held::BeforeItsEffect);
    let second = async {
        hold.reached().await;
        // By this clock its patience is over at once.
        let second = browser.get(&back).await;
        hold.release();
        second
    };
    let (first, second) = tokio::join!(browser.get(&back), second);
    second.shows(503, &["One moment", "Try again", "for ten minutes, connect once more"]);
    assert_eq!(second.header(header::RETRY_AFTER), Some("5"));
    assert_eq!(first.location(), browser.get(&back).await.location());
}

#[tokio::test]
async fn who_has_not_signed_in_gets_the_hosts_answer() {
    let site = Site::new().await;
    let nobody = crate::browser::Browser::new(site.router.clone(), None);
    for path in ["", "/callback?code=a-code&state=a-state", "/connections/x/disconnect", "/form"] {
        let answer = nobody.get(&format!("{BASE}{path}")).await;
        assert_eq!(answer.location(), "https://sso.example.com/");
        assert_eq!(answer.header(header::REFERRER_POLICY), Some("no-referrer"));
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        answer.hides(&["a-code", "a-state"]);
    }
    assert!(site.finch.take_calls().is_empty());
}

/// A browser would not follow a form to a sign-in at another site: it stops there, and says nothing.
#[tokio::test]
async fn who_presses_a_button_after_signing_out_is_told_and_led_to_the_sign_in() {
    let site = Site::new().await;
    let nobody = crate::browser::Browser::new(site.router.clone(), None);
    let changes = crate::guard::CHANGES.map(|path| format!("{BASE}{path}"));
    for path in &changes {
        let answer = nobody.post(path, &[("code", "a-code"), ("state", "a-state")]).await;
        answer.shows(401, &["You are signed out", "nothing was changed"]);
        let link = format!("<a class=\"button\" href=\"{BASE}\">Sign in</a>");
        answer.shows(401, &[&link]);
        assert_eq!(answer.body.matches("class=\"button").count(), 1);
        assert_eq!(answer.header(header::LOCATION), None);
        assert_eq!(answer.header(header::SET_COOKIE), Some("back-to=payroll; Path=/"));
        answer.hides(&["a-code", "a-state", "sso.example.com"]);
        is_guarded(&answer);
    }
    // Words of the host's go out as they are.
    *site.host.0.anonymous.lock().unwrap() = crate::host::Anonymous::Refusal;
    for path in &changes {
        let answer = nobody.post(path, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (403, "Staff only"));
        assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), None);
    }
    assert!(site.finch.take_calls().is_empty());
}
