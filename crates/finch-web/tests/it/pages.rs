//! What holds for every page, and where they are.

use axum::{
    Router,
    body::Body,
    http::{Method, header},
    routing::get,
};
use finch_web::{Options, OptionsError, router};

use crate::{
    browser::Browser,
    host::Account,
    site::{BASE, Site, is_guarded, options, style_of},
};

#[tokio::test]
async fn every_answer_is_guarded() {
    let (_site, browser) = Site::visited().await;
    for path in ["", "/form", "/callback", "/connections/x/disconnect", "/nothing", "/connect"] {
        is_guarded(&browser.get(&format!("{BASE}{path}")).await);
    }
    for method in [Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
        let request = browser.request(method, BASE).body(Body::empty()).unwrap();
        let answer = browser.send(request).await;
        answer.shows(405, &["Nothing was changed"]);
        assert_eq!(answer.header(header::ALLOW), Some("GET,HEAD"));
        is_guarded(&answer);
    }
    let wrong = browser.get(&format!("{BASE}/connect")).await;
    wrong.shows(405, &[]);
    assert_eq!(wrong.header(header::ALLOW), Some("POST"));
}

#[tokio::test]
async fn a_form_that_is_too_long_is_not_read() {
    let (site, browser) = Site::visited().await;
    let csrf_token = browser.csrf_token().await;
    let long = "x".repeat(20_000);
    let fields = [("csrf_token", csrf_token.as_str()), ("more", long.as_str())];
    let answer = browser.post(&format!("{BASE}/connect"), &fields).await;
    answer.shows(413, &["longer than anything"]);
    is_guarded(&answer);
    assert!(site.finch.take_calls().is_empty());
}

#[tokio::test]
async fn the_style_has_a_name_that_changes_with_it() {
    let (_site, browser) = Site::visited().await;
    let path = style_of(&browser.get(BASE).await.body);
    assert!(path.starts_with(&format!("{BASE}/style-")) && path.ends_with(".css"), "{path}");
    let style = browser.get(&path).await;
    style.shows(200, &["prefers-color-scheme: dark"]);
    assert_eq!(style.header(header::CONTENT_TYPE), Some("text/css; charset=utf-8"));
    assert_eq!(style.header(header::CACHE_CONTROL), Some("public, max-age=31536000, immutable"));
    style.hides(&["url(", "@import"]);
}

/// A proxy takes `/apps/payday` away, and names itself in headers that are not believed.
#[tokio::test]
async fn links_are_those_of_the_public_address() {
    let site = Site::new().await;
    let public = "https://Example.com:443/apps/payday/payroll/";
    let products = vec![finch_app::Product::Company];
    let behind = Options::new(public, "Payday", products).unwrap();
    assert_eq!(behind.redirect_uri().as_str(), "https://example.com/apps/payday/payroll/callback");
    let pages = router::<Account, _>(site.app.clone(), behind).with_state(site.host.clone());
    let browser = Browser::new(Router::new().nest_service("/payroll", pages), Some("acme"));
    let request = browser.request(Method::GET, "/payroll");
    let request =
        request.header(header::HOST, "evil.example").header("x-forwarded-host", "evil.example");
    let page = browser.send(request.body(Body::empty()).unwrap()).await;
    page.shows(200, &["action=\"/apps/payday/payroll/connect\""]);
    page.hides(&["evil.example"]);
    browser.get("/payroll/").await.shows(200, &["action=\"/apps/payday/payroll/connect\""]);
    let style = style_of(&page.body).replace("/apps/payday", "");
    browser.get(&style).await.shows(200, &[]);
}

#[test]
fn an_address_that_browsers_cannot_be_sent_to_is_refused() {
    let company = || vec![finch_app::Product::Company];
    for (address, products, why) in [
        ("", company(), "Address(NotAnAddress)"),
        ("/payroll", company(), "Address(NotAnAddress)"),
        ("http://example.com/", company(), "Address(NotHttps)"),
        ("https://u:p@example.com/", company(), "Address(Credentials)"),
        ("https://example.com/?a", company(), "Query"),
        ("https://example.com//evil.example/", company(), "TwoSlashes"),
        ("https://example.com/", vec![], "NoProducts"),
    ] {
        let refused: OptionsError = Options::new(address, "Payday", products).unwrap_err();
        assert_eq!(format!("{refused:?}"), why, "{address}");
    }
}

#[tokio::test]
async fn they_may_be_at_the_root_of_a_host() {
    let site = Site::new().await;
    let root = Options::new("http://127.0.0.1:3000", "Payday", vec![finch_app::Product::Company]);
    let pages = router::<Account, _>(site.app.clone(), root.unwrap());
    let pages: Router = pages.with_state(site.host.clone());
    let own = Router::new().route("/own", get(async || "the host's")).fallback_service(pages);
    let browser = Browser::new(own, Some("acme"));
    browser.get("/own").await.shows(200, &["the host's"]);
    browser.get("/nowhere").await.shows(404, &["Not found"]);
    let page = browser.get("/").await;
    page.shows(200, &["action=\"/connect\""]);
    assert!(page.header(header::SET_COOKIE).unwrap().starts_with("finch-form="));
    let csrf_token = page.field("csrf_token").unwrap();
    assert!(browser.post("/connect", &[("csrf_token", &csrf_token)]).await.status.is_redirection());
}

/// A host with a state of its own, and its layers.
#[tokio::test]
async fn they_fit_into_any_router() {
    let site = Site::new().await;
    let pages = router::<Account, _>(site.app.clone(), options());
    let layer = axum::middleware::map_response(async |mut response: axum::response::Response| {
        response.headers_mut().insert("x-layer", header::HeaderValue::from_static("here"));
        response
    });
    let own = Router::new().nest(BASE, pages).layer(layer).with_state(site.host.clone());
    let browser = Browser::new(own, Some("acme"));
    let page = browser.get(BASE).await;
    page.shows(200, &["Nothing is connected"]);
    assert_eq!(page.header("x-layer"), Some("here"));
}
