//! Finch Connect in one request, for a script that knows all fields.

use std::time::Duration;

use serde_json::json;

use crate::support::{Answer, Finch, step_1};

const URI: &str = "https://app.example/callback?tenant=7";

fn entered(session: &str) -> Vec<(&str, &str)> {
    vec![
        ("session", session),
        ("state", "s 1&2"),
        ("provider", "gusto"),
        ("company", "Company C"),
        ("user", "User A"),
        ("credentials", "Credentials X"),
        ("action", "connect"),
    ]
}

/// The parameters of a redirect to [`URI`], beside its own.
fn parameters(answer: &Answer) -> Vec<(String, String)> {
    let mut pairs = answer.parameters();
    assert_eq!(pairs.remove(0), pair("tenant", "7"));
    pairs
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

#[test]
fn a_redirect_carries_code_and_state() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({ "redirect_uri": URI }));
    let form = finch.open(&[("session", &session), ("state", "s-1")]);
    assert_eq!(form.status, 200);
    assert!(form.text.contains("value=\"s-1\"") && form.text.contains("Gusto"));

    let pairs = parameters(&finch.submit(&entered(&session)));
    assert_eq!((pairs[0].0.as_str(), &pairs[1]), ("code", &pair("state", "s 1&2")));
    let code = &pairs[0].1;
    assert_eq!(finch.exchange(code, None).status, 400);
    let token = finch.exchange(code, Some(URI)).json();
    assert_eq!(token["customer_id"], "acme");
    assert_eq!(token["customer_name"], "Acme Inc");
    assert_eq!(token["products"], json!(["company"]));

    // The session is used up.
    for answer in [finch.open(&[("session", &session)]), finch.submit(&entered(&session))] {
        assert!(answer.status == 410 && answer.text.contains("already been used"));
    }
    assert_eq!(finch.emulator().state().codes, 0);
}

#[test]
fn a_reauthentication_ends_with_its_connection() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let [first, second] = [(); 2].map(|()| finch.renewal(&token));
    let answer = finch.submit(&entered(&first));
    assert_eq!(finch.disconnect(&token).status, 200);
    assert_eq!(finch.exchange(answer.code(), None).error(), (400, "invalid_grant".to_owned()));
    let late = finch.open(&[("session", &second)]);
    assert!(late.status == 410 && late.text.contains("disconnected"));
}

#[test]
fn cancelling_leaves_the_session_open_and_a_session_may_fix_the_provider() {
    let finch = Finch::start();
    let fixed = json!({ "redirect_uri": URI, "integration": { "provider": "justworks" } });
    let session = finch.session_id(&fixed);
    let cancel = [("session", session.as_str()), ("state", "s"), ("action", "cancel")];
    let pairs = parameters(&finch.submit(&cancel));
    assert_eq!(pairs, [pair("error", "access_denied"), pair("state", "s")]);
    // Without a state the redirect has none.
    let form = finch.open(&[("session", &session)]);
    assert!(form.text.contains("Sign in at <bdi>Justworks</bdi>"));
    assert!(!form.text.contains("name=\"state\""));
    let mut form = entered(&session);
    form.remove(1);
    let pairs = parameters(&finch.submit(&form));
    assert_eq!((pairs.len(), pairs[0].0.as_str()), (1, "code"));
    assert_eq!(finch.exchange(&pairs[0].1, Some(URI)).json()["provider_id"], "justworks");
}

#[test]
fn pages_say_why_a_session_cannot_be_used() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({ "minutes_to_expire": 5 }));
    finch.emulator().advance(Duration::from_secs(4 * 60));
    assert_eq!(finch.open(&[("session", &session)]).status, 200);
    finch.emulator().advance(Duration::from_secs(60));
    for (id, status, words) in [
        (session.as_str(), 410, "has expired"),
        ("unknown", 404, "no such session"),
        ("", 400, "lacks its session"),
    ] {
        for answer in [finch.open(&[("session", id)]), finch.submit(&entered(id))] {
            assert_eq!(answer.status, status);
            assert!(answer.text.contains(words), "{}", answer.text);
            assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        }
    }
    assert_eq!(finch.open(&[]).status, 400);
}

#[test]
fn an_incomplete_form_comes_back_with_what_was_entered() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({}));
    let long = "x".repeat(256);
    for (field, value) in
        [("company", " "), ("user", " "), ("credentials", " "), ("provider", " "), ("user", &long)]
    {
        let mut form = entered(&session);
        form.retain(|(name, _)| *name != field);
        form.push((field, value));
        let answer = finch.submit(&form);
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains("class=\"problem\"") && answer.text.contains("s 1&#38;2"));
    }
    assert_eq!(finch.submit(&entered(&session)).status, 200);
}

#[test]
fn pages_have_strict_headers() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({ "redirect_uri": URI }));
    let form = finch.open(&[("session", &session)]);
    let policy = form.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"));
    assert!(policy.contains("form-action 'self' https://app.example;"));
    assert!(!policy.contains("script") && !policy.contains("unsafe"));
    assert_eq!(form.header("x-content-type-options"), Some("nosniff"));
    for answer in [&form, &finch.submit(&entered(&session))] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
}
