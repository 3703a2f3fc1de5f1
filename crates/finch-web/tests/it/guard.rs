//! Changes that no page of ours asked for, and requests of a person who is not signed in.

use axum::{
    body::Body,
    http::{Method, header},
};

use crate::site::{BASE, Site, is_guarded};

const CHANGES: [&str; 4] =
    ["/connect", "/callback", "/connections/x/disconnect", "/connections/x/reauthenticate"];

#[tokio::test]
async fn a_change_without_our_forms_token_is_refused() {
    let (site, mut browser) = Site::visited().await;
    // A cookie of any bytes may stand beside ours.
    browser.set_cookie("a", "\u{e9}");
    let csrf_token = browser.csrf_token().await;
    let strangers = site.browser("acme").csrf_token().await;
    let swapped = csrf_token.chars().rev().collect::<String>();
    for path in CHANGES {
        let path = format!("{BASE}{path}");
        for token in [None, Some(""), Some("nonsense"), Some(&swapped), Some(&strangers)] {
            let fields = token.map(|token| ("csrf_token", token));
            let answer = browser.post(&path, fields.as_slice()).await;
            let says = ["did not come from a page that you opened here", "reload the page"];
            answer.shows(403, &says);
            is_guarded(&answer);
        }
        let twice = [("csrf_token", csrf_token.as_str()); 2];
        browser.post(&path, &twice).await.shows(400, &[]);
    }
    // A form of one customer's, once another one has signed in.
    browser.sign_in("other");
    browser.post(&format!("{BASE}/connect"), &[("csrf_token", &csrf_token)]).await.shows(403, &[]);
    assert!(site.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_change_from_another_site_is_refused_whatever_it_knows() {
    let (site, browser) = Site::visited().await;
    let csrf_token = browser.csrf_token().await;
    for (name, value, status) in [
        ("sec-fetch-site", "cross-site", 403),
        ("sec-fetch-site", "same-site", 403),
        ("origin", "https://evil.example", 403),
        ("origin", "https://app.example.com.evil.example", 403),
        ("origin", "http://app.example.com", 403),
        // What browsers send from our own pages: no-referrer makes the origin `null`.
        ("origin", "null", 303),
        ("origin", "https://app.example.com", 303),
        ("sec-fetch-site", "same-origin", 303),
        ("sec-fetch-site", "none", 303),
    ] {
        let request = browser.request(Method::POST, &format!("{BASE}/connect"));
        let form = Body::from(format!("csrf_token={csrf_token}"));
        let answer = browser.send(request.header(name, value).body(form).unwrap()).await;
        assert_eq!(answer.status.as_u16(), status, "{name}: {value}");
        assert_eq!(site.finch.take_calls().is_empty(), status == 403);
    }
    // It comes without the session's cookie, and is not answered as signed out.
    let signed_out = site.signed_out();
    let forged = signed_out.request(Method::POST, &format!("{BASE}/connect"));
    let forged = forged.header("sec-fetch-site", "cross-site").body(Body::empty()).unwrap();
    signed_out.send(forged).await.shows(403, &["did not come from a page that you opened here"]);
}

#[tokio::test]
async fn a_browser_keeps_its_secret_and_no_script_reads_it() {
    let (_site, browser) = Site::visited().await;
    let first = browser.get(BASE).await;
    let cookie = first.header(header::SET_COOKIE).unwrap().to_owned();
    assert!(cookie.starts_with("__Host-finch-form="), "{cookie}");
    assert!(cookie.ends_with("; Path=/; HttpOnly; SameSite=Lax; Secure"), "{cookie}");
    let secret = cookie.split(['=', ';']).nth(1).unwrap();
    assert!(!first.body.contains(secret));
    let second = browser.get(BASE).await;
    assert_eq!(second.header(header::SET_COOKIE), Some(&*cookie), "tabs share it");
    assert_eq!(first.field("csrf_token"), second.field("csrf_token"));
}

#[tokio::test]
async fn a_person_who_is_not_signed_in_gets_the_hosts_answer() {
    let site = Site::new().await;
    for path in ["", "/callback?code=a-code&state=a-state", "/connections/x/disconnect", "/form"] {
        let answer = site.signed_out().get(&format!("{BASE}{path}")).await;
        assert_eq!(answer.location(), "https://sso.example.com/");
        assert_eq!(answer.header(header::REFERRER_POLICY), Some("no-referrer"));
        assert_eq!(answer.header(header::CACHE_CONTROL), Some("no-store"));
        answer.hides(&["a-code", "a-state"]);
    }
    assert!(site.finch.take_calls().is_empty());
}

/// A browser would not follow a form to a sign-in at another site: it stops there without a word.
#[tokio::test]
async fn a_form_of_a_person_who_is_signed_out_leads_to_the_sign_in() {
    let site = Site::new().await;
    let signed_out = site.signed_out();
    for path in CHANGES.map(|path| format!("{BASE}{path}")) {
        *site.host.refuses.lock().unwrap() = false;
        let answer = signed_out.post(&path, &[("code", "a-code"), ("state", "a-state")]).await;
        let link = format!("<a class=\"button\" href=\"{BASE}\">Sign in</a>");
        answer.shows(401, &["You are signed out", "nothing was changed", &link]);
        assert_eq!(answer.body.matches("class=\"button").count(), 1);
        assert_eq!(answer.header(header::LOCATION), None);
        assert_eq!(answer.header(header::SET_COOKIE), Some("back-to=payroll; Path=/"));
        answer.hides(&["a-code", "a-state", "sso.example.com"]);
        is_guarded(&answer);
        // Another answer of the host's goes out as it is.
        *site.host.refuses.lock().unwrap() = true;
        let answer = signed_out.post(&path, &[]).await;
        assert_eq!((answer.status.as_u16(), answer.body.as_str()), (403, "Staff only"));
        assert_eq!(answer.header(header::CONTENT_SECURITY_POLICY), None);
    }
    assert!(site.finch.take_calls().is_empty());
}
