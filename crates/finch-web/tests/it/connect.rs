//! The way to Finch Connect.

use axum::http::header;
use finch_core::{Answer, ConnectionStatus, FinchApiError, StoreError};
use finch_testkit::Reach;
use finch_web::ConnectFlow;
use serde_json::Value;

use crate::site::{BASE, Site, is_guarded, needs_reauth, options};

#[tokio::test]
async fn a_person_is_sent_to_finchs_page_and_back_to_a_connection() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    browser.get(BASE).await.shows(200, &["Nothing is connected"]);
    site.connect(&browser, "Company C", "X").await;
    let id = site.finch.alive()[0].1.clone();
    browser.get(&format!("{BASE}?done=connected&connection={id}")).await.shows(
        200,
        &[
            "<title>Connected · Payroll connections · Payday",
            "Gusto for company Company C is now connected.",
            "Gusto",
            "Company C",
            "Employee directory",
        ],
    );
    assert!(site.told()[0].starts_with("Connected("), "{:?}", site.told());
}

#[tokio::test]
async fn the_address_of_a_session_is_in_no_page() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    let csrf_token = browser.csrf_token(BASE).await;
    let answer = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    assert!(answer.location().starts_with("http://127.0.0.1:1/authorize?session="));
    assert_eq!(answer.body, "");
    assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
    let policy = browser.get(BASE).await;
    let policy = policy.header(header::CONTENT_SECURITY_POLICY).unwrap();
    assert!(policy.contains("form-action 'self' http://127.0.0.1:1;"), "{policy}");
}

#[tokio::test]
async fn the_embedded_flow_gets_what_finchs_javascript_needs() {
    let mut embedded = options();
    embedded.flow = ConnectFlow::Embedded { page: "/payroll/connect".into() };
    let site = Site::with(embedded).await;
    let browser = site.browser("acme");
    browser.get(BASE).await.shows(200, &["href=\"/payroll/connect\""]);
    let form = browser.get(&format!("{BASE}/form")).await;
    let form: Value = serde_json::from_str(&form.body).unwrap();
    let csrf_token = form["csrf_token"].as_str().unwrap();
    let opening = browser.post(&format!("{BASE}/connect"), &[("csrf_token", csrf_token)]).await;
    opening.shows(200, &[]);
    is_guarded(&opening);
    let opening: Value = serde_json::from_str(&opening.body).unwrap();
    let (state, id) = (opening["state"].as_str().unwrap(), opening["session_id"].as_str().unwrap());
    assert!(opening["connect_url"].as_str().unwrap().contains(id));

    let code = site.finch.login("gusto", "Company C", "X", None);
    let fields = [("csrf_token", csrf_token), ("code", code.expose()), ("state", state)];
    let back = browser.post(&format!("{BASE}/callback"), &fields).await;
    assert_eq!(back.done(), "connected");
    let forged = browser.post(&format!("{BASE}/callback"), &fields[1..]).await;
    forged.shows(403, &["did not come from a page"]);
}

/// A link asks for the address alone, and what came back is in the form: only a reload sends it again.
#[tokio::test]
async fn what_answers_a_form_is_tried_again_by_a_reload() {
    let mut embedded = options();
    embedded.flow = ConnectFlow::Embedded { page: "/payroll/connect".into() };
    let site = Site::with(embedded).await;
    let browser = site.browser("acme");
    let form = browser.get(&format!("{BASE}/form")).await;
    let form: Value = serde_json::from_str(&form.body).unwrap();
    let csrf_token = form["csrf_token"].as_str().unwrap();
    let begun = browser.post(&format!("{BASE}/connect"), &[("csrf_token", csrf_token)]).await;
    let begun: Value = serde_json::from_str(&begun.body).unwrap();
    let code = site.finch.login("gusto", "Company C", "X", None);
    let state = begun["state"].as_str().unwrap();
    let fields = [("csrf_token", csrf_token), ("code", code.expose()), ("state", state)];
    let finish = async || browser.post(&format!("{BASE}/callback"), &fields).await;

    site.finch.fail_next(FinchApiError::NoAnswer { problem: "refused".into(), sent: false });
    let down = finish().await;
    down.shows(503, &["You are not connected yet", "reload this page", "send the form again"]);
    down.hides(&["href=\"\"", state]);
    is_guarded(&down);
    site.store.intercept.fail(|| StoreError::Busy);
    let busy = finish().await;
    busy.shows(503, &["busy just now", "reload this page"]);
    busy.hides(&["href=\"\""]);
    site.store.intercept.recover();
    assert_eq!(finish().await.done(), "connected");

    // What no reload mends asks for none.
    let fields = [("csrf_token", csrf_token), ("error", "failed")];
    let failed = browser.post(&format!("{BASE}/callback"), &fields).await;
    failed.shows(502, &["The sign-in was not completed"]);
    failed.hides(&["reload"]);
}

#[tokio::test]
async fn a_connection_that_needs_it_is_renewed_and_stays_one() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    let (token, id, ..) = site.finch.alive().remove(0);
    site.finch.set_status(&id, ConnectionStatus::Reauth);
    let scope = finch_app::CustomerScope::new("acme".parse().unwrap());
    // What the host does when a call to Finch answers 401.
    site.finch.fail_next(needs_reauth());
    site.app.report_unauthorized(&scope, &token).await.unwrap();

    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed", "Gusto needs a new sign-in", "/reauthenticate"]);
    let form = format!("{BASE}/connections/{id}/reauthenticate");
    let answer = browser.post(&form, &[("csrf_token", &page.field("csrf_token").unwrap())]).await;
    let state = crate::site::state_of(answer.location());
    site.finch.set_status(&id, ConnectionStatus::Connected);
    let code = site.finch.login_again(&id).unwrap();
    let back = format!("{BASE}/callback?code={}&state={state}", code.expose());
    assert_eq!(browser.get(&back).await.done(), "connected");
    let page = browser.get(BASE).await;
    page.shows(200, &["Connected"]);
    page.hides(&["Sign-in needed"]);
    assert_eq!(page.body.matches("<article").count(), 1);
}

/// Where Finch ends credentials one by one, the newest may have ended: what is renewed is what lives.
#[tokio::test]
async fn what_is_renewed_is_what_needs_it() {
    let site = Site::reaching(Reach::Connection).await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    site.connect(&browser, "Company C", "Y").await;
    let [(_, older, ..), (ended, newer, ..)] = &site.finch.alive()[..] else { panic!("not two") };
    site.finch.end_from_dashboard(newer);
    site.finch.set_status(older, ConnectionStatus::Reauth);
    let scope = finch_app::CustomerScope::new("acme".parse().unwrap());
    site.app.report_unauthorized(&scope, ended).await.unwrap();
    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed", &format!("/connections/{older}/reauthenticate")]);
    page.hides(&[&format!("/connections/{newer}/reauthenticate")]);
}

#[tokio::test]
async fn finch_down_leaves_everything_as_it_was() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    let csrf_token = browser.csrf_token(BASE).await;
    let down = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    site.finch.fail_next(down);
    let answer = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    answer.shows(503, &["could not reach Finch", "Nothing was connected", "Try again"]);
    assert_eq!(answer.header(header::RETRY_AFTER), Some("30"));
    let busy = Answer {
        status: 429,
        retry_after: Some(std::time::Duration::from_secs(77)),
        ..Answer::default()
    };
    site.finch.fail_next(busy.into_error());
    let answer = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    assert_eq!((answer.status.as_u16(), answer.header(header::RETRY_AFTER)), (503, Some("77")));
    site.finch.fail_next(Answer { status: 403, ..Answer::default() }.into_error());
    let answer = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    answer.shows(502, &["did not accept our request", "contact support"]);
    site.finch.fail_next(Answer { status: 402, ..Answer::default() }.into_error());
    let answer = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    answer.shows(502, &["our account there", "Nothing was connected", "Contact support"]);
    answer.hides(&["could not reach Finch", "Try again"]);
    assert_eq!(answer.header(header::RETRY_AFTER), None);
    browser.get(BASE).await.shows(200, &["Nothing is connected"]);
}

/// Nobody has told us that it has ended, and Finch renews nothing that has.
#[tokio::test]
async fn a_renewal_that_finds_the_end_says_so_to_the_person_and_to_the_host() {
    let site = Site::new().await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    let path = site.disconnect_page(&browser).await.replace("/disconnect", "/reauthenticate");
    site.finch.end_from_dashboard(&site.finch.alive()[0].1.clone());
    let csrf_token = browser.csrf_token(BASE).await;
    let told = site.told().len();
    for _ in 0..2 {
        let answer = browser.post(&path, &[("csrf_token", &csrf_token)]).await;
        answer.shows(409, &["This connection has ended", "connect again"]);
        assert_eq!(site.told().len(), told + 1, "once");
    }
    assert!(site.told().last().unwrap().contains("EndedAtFinch"));
    browser.get(BASE).await.shows(200, &["Nothing is connected", "Disconnected on"]);
}
