//! The way to Finch Connect.

use std::{sync::Arc, time::Duration};

use axum::{Router, http::header};
use finch_app::{CustomerScope, Finch};
use finch_core::{
    Answer, Application, ConnectSession, ConnectUrl, ConnectionStatus, FinchApiError, Origin,
    SessionId, StoreError,
};
use finch_testkit::{MemoryTokenStore, MockFinchApi, Reach, application};
use finch_web::{ConnectFlow, router};
use serde_json::Value;

use crate::{
    browser::Browser,
    host::{Account, TestHost},
    log,
    site::{BASE, Site, is_guarded, options, state_of},
};

#[tokio::test]
async fn a_person_is_sent_to_finchs_page_and_back_to_a_connection() {
    let (site, browser) = Site::visited().await;
    let page = browser.get(BASE).await;
    page.shows(200, &["Nothing is connected"]);
    let policy = page.header(header::CONTENT_SECURITY_POLICY).unwrap();
    let forms = "form-action 'self' https://connect.tryfinch.com http://127.0.0.1:1;";
    assert!(policy.contains(forms), "{policy}");
    let answer = browser.change(&format!("{BASE}/connect")).await;
    assert!(answer.location().starts_with("http://127.0.0.1:1/authorize?session="));
    assert_eq!(
        (answer.body.as_str(), answer.header(header::CACHE_CONTROL)),
        ("", Some("no-store"))
    );
    site.connect(&browser, "Company C", "X").await;
    assert_eq!(site.take_changes(), ["acme Connected"]);
    let id = site.finch.alive()[0].1.clone();
    let title = "<title>Connected · Payroll connections · Payday";
    let says = "Gusto for company Company C is now connected.";
    let page = browser.get(&format!("{BASE}?done=connected&connection={id}")).await;
    page.shows(200, &[title, says, "Gusto", "Company C", "Employee directory"]);
}

/// Another origin than the policy's: browsers would block the way there silently.
#[tokio::test]
async fn a_person_is_led_to_finch_connect_or_to_a_stand_in_alone() {
    let _watched = log::watch();
    let (api, connect) = ("https://api.tryfinch.com", "https://connect.tryfinch.com");
    let gateway = "https://gateway.example.com";
    for (origin, session_at, is_led_there) in [
        (api, connect, true),
        (api, api, false),
        (api, gateway, false),
        (gateway, connect, true),
        (gateway, gateway, true),
        (gateway, "https://gateway.example.com:8443", false),
    ] {
        let forms = match origin == api {
            true => format!("form-action 'self' {connect};"),
            false => format!("form-action 'self' {connect} {origin};"),
        };
        let browser = sent_to(origin, session_at).await;
        let page = browser.get(BASE).await;
        let policy = page.header(header::CONTENT_SECURITY_POLICY).unwrap();
        assert!(policy.contains(&forms), "{policy}");
        let answer = browser.change(&format!("{BASE}/connect")).await;
        let log = log::logged();
        if is_led_there {
            assert!(answer.location().starts_with(session_at), "{}", answer.location());
            assert_eq!(log, "");
        } else {
            answer.shows(500, &["not set up to connect", "Contact support"]);
            assert!(log.contains(&format!("origin={session_at}\n")), "{log}");
            assert!(!log.contains("session=s"), "{log}");
        }
    }
}

/// The browser of a customer, where Finch's API and its sessions are at these origins.
async fn sent_to(api: &'static str, session_at: &'static str) -> Browser {
    let application = Application { origin: Origin::new(api).unwrap(), ..application() };
    let store = Arc::new(MemoryTokenStore::new(application.clone()));
    let mut finch = MockFinchApi::new();
    finch.expect_application().return_const(application);
    finch.expect_new_session().returning(move |_, _| {
        let connect_url = ConnectUrl::new(format!("{session_at}/authorize?session=s"));
        Ok(ConnectSession { session_id: SessionId::new("s").unwrap(), connect_url })
    });
    let app = Finch::builder(Arc::new(finch), store, finch_tests::keys()).open().await.unwrap();
    let pages = router::<Account, _>(app, options()).with_state(Arc::new(TestHost::default()));
    Browser::new(Router::new().nest_service(BASE, pages), Some("acme"))
}

/// A site with the embedded flow, a browser, and its CSRF token.
async fn embedded() -> (Site, Browser, String) {
    let mut embedded = options();
    embedded.flow = ConnectFlow::Embedded { page: "/payroll/connect".into() };
    let site = Site::of(embedded, Reach::Pair).await;
    let browser = site.browser("acme");
    let form = browser.get(&format!("{BASE}/form")).await;
    let form: Value = serde_json::from_str(&form.body).unwrap();
    (site, browser, form["csrf_token"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn the_embedded_flow_gets_what_finchs_javascript_needs() {
    let (site, browser, csrf_token) = embedded().await;
    browser.get(BASE).await.shows(200, &["href=\"/payroll/connect\""]);
    let opening = browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await;
    opening.shows(200, &[]);
    is_guarded(&opening);
    let opening: Value = serde_json::from_str(&opening.body).unwrap();
    let (state, id) = (opening["state"].as_str().unwrap(), opening["session_id"].as_str().unwrap());
    assert!(opening["connect_url"].as_str().unwrap().contains(id));

    let code = site.finch.login("gusto", "Company C", "X", None);
    let fields = [("csrf_token", csrf_token.as_str()), ("code", code.expose()), ("state", state)];
    let finish = async || browser.post(&format!("{BASE}/callback"), &fields).await;
    // A link asks for the address alone, and what came back is in the form: only a reload sends it again.
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
    let id = site.finch.alive()[0].1.clone();
    site.needs_a_sign_in("Company C").await;
    let renew = format!("href=\"/payroll/connect?connection={id}\"");
    browser.get(BASE).await.shows(200, &[&renew]);

    let failed = [("csrf_token", csrf_token.as_str()), ("error", "failed")];
    let failed = browser.post(&format!("{BASE}/callback"), &failed).await;
    failed.shows(502, &["The sign-in was not completed"]);
    failed.hides(&["reload"]);
}

#[tokio::test]
async fn a_connection_that_needs_it_is_renewed_and_stays_one() {
    let (site, browser) = Site::connected().await;
    let id = site.finch.alive()[0].1.clone();
    site.needs_a_sign_in("Company C").await;
    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed", "Gusto needs a new sign-in", "/reauthenticate"]);
    let answer = browser.change(&format!("{BASE}/connections/{id}/reauthenticate")).await;
    let state = state_of(answer.location());
    site.finch.set_status(&id, ConnectionStatus::Connected);
    let code = site.finch.login_again(&id).unwrap();
    let back = format!("{BASE}/callback?code={}&state={state}", code.expose());
    assert_eq!(browser.get(&back).await.done(), "connected");
    assert_eq!(site.take_changes(), ["acme Connected", "acme NeedsReauth", "acme Connected"]);
    let page = browser.get(BASE).await;
    page.shows(200, &["Connected"]);
    page.hides(&["Sign-in needed"]);
    assert_eq!(page.body.matches("<article").count(), 1);
}

/// Where Finch ends credentials one by one, the newest may have ended: what is renewed is what lives.
#[tokio::test]
async fn what_is_renewed_is_what_needs_it() {
    let site = Site::of(options(), Reach::Connection).await;
    let browser = site.browser("acme");
    site.connect(&browser, "Company C", "X").await;
    site.connect(&browser, "Company C", "Y").await;
    let [(_, older, ..), (ended, newer, ..)] = &site.finch.alive()[..] else { panic!("not two") };
    site.finch.end_from_dashboard(newer);
    site.finch.set_status(older, ConnectionStatus::Reauth);
    let scope = CustomerScope::new("acme".parse().unwrap());
    site.app.report_unauthorized(&scope, ended).await.unwrap();
    let page = browser.get(BASE).await;
    page.shows(200, &["Sign-in needed", &format!("/connections/{older}/reauthenticate")]);
    page.hides(&[&format!("/connections/{newer}/reauthenticate")]);
    let named = site.host.changes.lock().unwrap().last().unwrap().connection_id.clone();
    assert_eq!(named, *older, "the sink gets a name that can be renewed");
}

#[tokio::test]
async fn finch_down_leaves_everything_as_it_was() {
    let (site, browser) = Site::visited().await;
    let down = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    let answer = |status, seconds| {
        let retry_after = Some(Duration::from_secs(seconds)).filter(|wait| !wait.is_zero());
        Answer { status, retry_after, ..Answer::default() }.into_error()
    };
    let unreachable = ["could not reach Finch", "Nothing was connected", "Try again"].as_slice();
    for (error, status, says, wait) in [
        (down, 503, unreachable, Some("30")),
        (answer(429, 77), 503, unreachable, Some("77")),
        (answer(403, 0), 502, &["did not accept our request", "contact support"], None),
        (answer(402, 0), 502, &["our account there", "Contact support"], None),
    ] {
        site.finch.fail_next(error);
        let answer = browser.change(&format!("{BASE}/connect")).await;
        answer.shows(status, says);
        assert_eq!(answer.header(header::RETRY_AFTER), wait);
    }
    browser.get(BASE).await.shows(200, &["Nothing is connected"]);
}

/// It ended at Finch, and the renewal finds out.
#[tokio::test]
async fn a_renewal_that_finds_the_end_says_so_to_the_person_and_to_the_host() {
    let (site, browser) = Site::connected().await;
    let path = site.disconnect_page(&browser).await.replace("/disconnect", "/reauthenticate");
    site.finch.end_from_dashboard(&site.finch.alive()[0].1.clone());
    site.take_changes();
    for changes in [vec!["acme Disconnected"], vec![]] {
        let answer = browser.change(&path).await;
        answer.shows(409, &["This connection has ended", "connect again"]);
        assert_eq!(site.take_changes(), changes);
    }
    browser.get(BASE).await.shows(200, &["Nothing is connected", "Disconnected on"]);
}
