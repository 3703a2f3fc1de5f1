//! Changes that no page of ours asked for.

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::site::{BASE, Site, is_guarded};

pub(crate) const CHANGES: [&str; 4] =
    ["/connect", "/callback", "/connections/x/disconnect", "/connections/x/reauthenticate"];

#[tokio::test]
async fn a_change_without_our_forms_token_is_refused() {
    let site = Site::new().await;
    let (mut browser, stranger) = (site.browser("acme"), site.browser("acme"));
    let csrf_token = browser.csrf_token(BASE).await;
    let strangers = stranger.csrf_token(BASE).await;
    let swapped = csrf_token.chars().rev().collect::<String>();
    for path in CHANGES {
        let path = format!("{BASE}{path}");
        for fields in [
            vec![],
            vec![("csrf_token", "")],
            vec![("csrf_token", "nonsense")],
            vec![("csrf_token", swapped.as_str())],
            vec![("csrf_token", strangers.as_str())],
        ] {
            let answer = browser.post(&path, &fields).await;
            answer
                .shows(403, &["did not come from a page that you opened here", "reload the page"]);
            is_guarded(&answer);
        }
        browser
            .post(&path, &[("csrf_token", &csrf_token), ("csrf_token", &csrf_token)])
            .await
            .shows(400, &[]);
    }
    // A form of one customer's, once another one has signed in.
    browser.sign_in("other");
    browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await.shows(403, &[]);
    assert!(site.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_change_from_another_site_is_refused_whatever_it_knows() {
    let (site, browser) = Site::visited().await;
    let csrf_token = browser.csrf_token(BASE).await;
    let ask = async |name: &'static str, value: &'static str| {
        let request = browser.request(Method::POST, &format!("{BASE}/connect"));
        let form = Body::from(format!("csrf_token={csrf_token}"));
        browser.send(request.header(name, value).body(form).unwrap()).await.status.as_u16()
    };
    assert_eq!(ask("sec-fetch-site", "cross-site").await, 403);
    assert_eq!(ask("sec-fetch-site", "same-site").await, 403);
    assert_eq!(ask("origin", "https://evil.example").await, 403);
    assert_eq!(ask("origin", "http://app.example.com").await, 403);
    assert!(site.finch.take_calls().is_empty());
    // It comes without the cookie of whoever has signed in, which is not to say that they are signed out.
    let nobody = crate::browser::Browser::new(site.router.clone(), None);
    let forged = nobody.request(Method::POST, &format!("{BASE}/connect"));
    let forged = forged.header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    nobody.send(forged).await.shows(403, &["did not come from a page that you opened here"]);
    // What browsers send from our own pages: no-referrer makes the origin `null`.
    assert_eq!(ask("origin", "null").await, 303);
    assert_eq!(ask("origin", "https://app.example.com").await, 303);
    assert_eq!(ask("sec-fetch-site", "same-origin").await, 303);
}

#[tokio::test]
async fn a_browser_keeps_its_guard_and_no_script_reads_it() {
    let (_site, browser) = Site::visited().await;
    let first = browser.get(BASE).await;
    let cookie = first.header(header::SET_COOKIE).unwrap().to_owned();
    assert!(cookie.starts_with("__Host-finch-form="), "{cookie}");
    for word in ["; Path=/", "; HttpOnly", "; SameSite=Lax", "; Secure"] {
        assert!(cookie.contains(word), "{cookie}");
    }
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(!first.body.contains(secret));
    let second = browser.get(BASE).await;
    assert_eq!(second.header(header::SET_COOKIE), Some(&*cookie), "tabs share it");
    assert_eq!(first.field("csrf_token"), second.field("csrf_token"));
}
