//! Finch Connect in one POST, for callers who know what the person enters.

use std::time::Duration;

use finch_emulator::DisconnectScope;
use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, Finch, send, step_1, step_2};

async fn session(finch: &Finch, more: Value) -> String {
    let mut body =
        json!({ "customer_id": "acme", "customer_name": "Acme Inc", "products": ["company"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = finch.session(&body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["session_id"].as_str().unwrap().to_owned()
}

async fn open(finch: &Finch, session: &str) -> Answer {
    send(finch.get("/authorize").query(&[("session", session), ("state", "s-1")])).await
}

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

async fn submit(finch: &Finch, form: &[(&str, &str)]) -> Answer {
    send(finch.post("/authorize").form(form)).await
}

/// The parameters that the redirect carries.
fn returned(answer: &Answer) -> (String, Vec<(String, String)>) {
    assert_eq!(answer.status, 303, "{}", answer.text);
    let url = Url::parse(answer.header("location").unwrap()).unwrap();
    let pairs = url.query_pairs().map(|(name, value)| (name.into(), value.into())).collect();
    (url[..url::Position::AfterPath].to_owned(), pairs)
}

fn parameter<'a>(pairs: &'a [(String, String)], name: &str) -> &'a str {
    &pairs.iter().find(|(key, _)| key == name).unwrap().1
}

#[tokio::test]
async fn the_redirect_flow_brings_code_and_state_back() {
    let finch = Finch::start().await;
    let uri = "https://app.example/callback?tenant=7";
    let session = session(&finch, json!({ "redirect_uri": uri })).await;
    let form = open(&finch, &session).await;
    assert_eq!(form.status, 200);
    assert!(form.text.contains("value=\"s-1\"") && form.text.contains("Gusto"));

    let (target, pairs) = returned(&submit(&finch, &entered(&session)).await);
    assert_eq!(target, "https://app.example/callback");
    assert_eq!(pairs[0], ("tenant".to_owned(), "7".to_owned()));
    assert_eq!(parameter(&pairs, "state"), "s 1&2");
    let code = parameter(&pairs, "code");
    assert_eq!(finch.exchange(code, None).await.status, 400);
    let token = finch.exchange(code, Some(uri)).await.json();
    assert_eq!(token["customer_id"], "acme");
    assert_eq!(token["customer_name"], "Acme Inc");
    assert_eq!(token["products"], json!(["company"]));

    // The session is used up.
    for answer in [open(&finch, &session).await, submit(&finch, &entered(&session)).await] {
        assert_eq!(answer.status, 410);
        assert!(answer.text.contains("already been used"));
    }
    assert_eq!(finch.emulator.state().codes, 0);
}

#[tokio::test]
async fn the_embedded_flow_shows_code_and_state() {
    let finch = Finch::start().await;
    let more = json!({ "customer_email": "pay@acme.example" });
    let session = session(&finch, more).await;
    let answer = submit(&finch, &entered(&session)).await;
    assert_eq!(answer.status, 200);
    assert!(answer.text.contains("<code>s 1&#38;2</code>"));
    let code = answer.text.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let token = finch.exchange(code, None).await.json();
    assert_eq!(finch.introspect(&token).await.json()["customer_email"], "pay@acme.example");
}

#[tokio::test]
async fn a_session_may_leave_no_choice_of_provider() {
    let finch = Finch::start().await;
    let more = json!({ "integration": { "provider": "justworks", "auth_method": "assisted" } });
    let session = session(&finch, more).await;
    let form = open(&finch, &session).await;
    assert!(form.text.contains("Sign in at <bdi>Justworks</bdi>"));
    assert!(form.text.contains("<bdi>Acme Inc</bdi>"), "it is the first that they see");
    let answer = submit(&finch, &entered(&session)).await;
    let code = answer.text.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    let token = finch.exchange(code, None).await.json();
    assert_eq!(token["provider_id"], "justworks");
    let shown = finch.introspect(&token).await.json();
    assert_eq!(shown["manual"], true);
    assert_eq!(shown["authentication_methods"][0]["type"], "assisted");
}

#[tokio::test]
async fn a_reauthentication_makes_a_new_token_of_the_same_connection() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope).await;
        let old = finch.connect(step_2().customer_id("acme")).await;
        let body = json!({ "connection_id": old["connection_id"] });
        let path = "/connect/sessions/reauthenticate";
        let session = send(finch.post_basic(path, &body)).await.json();
        let session = session["session_id"].as_str().unwrap();
        let form = open(&finch, session).await;
        assert!(form.text.contains("Company C") && !form.text.contains("name=\"company\""));

        let mut form = entered(session);
        form[2].1 = "workday";
        form[3].1 = "Company D";
        form[5].1 = "Credentials of somebody new";
        let answer = submit(&finch, &form).await;
        let code = answer.text.split("<code>").nth(1).unwrap().split('<').next().unwrap();
        let new = finch.exchange(code, None).await.json();
        assert_ne!(new["access_token"], old["access_token"]);
        for same in ["connection_id", "company_id", "provider_id", "products", "customer_id"] {
            assert_eq!(new[same], old[same], "{same}");
        }
        assert!(finch.works(&old).await);
        assert_eq!(finch.disconnect(&new).await.status, 200);
        assert!(!finch.works(&old).await);
    }
}

#[tokio::test]
async fn a_reauthentication_does_not_outlive_its_connection() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let body = json!({ "connection_id": token["connection_id"] });
    let mut sessions = Vec::new();
    for _ in 0..2 {
        let answer = send(finch.post_basic("/connect/sessions/reauthenticate", &body)).await;
        sessions.push(answer.json()["session_id"].as_str().unwrap().to_owned());
    }
    let answer = submit(&finch, &entered(&sessions[0])).await;
    let code = answer.text.split("<code>").nth(1).unwrap().split('<').next().unwrap();
    assert_eq!(finch.disconnect(&token).await.status, 200);
    assert_eq!(finch.exchange(code, None).await.error(), (400, "invalid_grant".to_owned()));
    let late = open(&finch, &sessions[1]).await;
    assert_eq!(late.status, 410);
    assert!(late.text.contains("disconnected"));
}

#[tokio::test]
async fn cancelling_leaves_the_session_open() {
    let finch = Finch::start().await;
    let more = json!({ "redirect_uri": "https://app.example/callback" });
    let session = session(&finch, more).await;
    let cancel = [("session", session.as_str()), ("state", "s"), ("action", "cancel")];
    let (_, pairs) = returned(&submit(&finch, &cancel).await);
    assert_eq!(parameter(&pairs, "error"), "access_denied");
    assert_eq!(parameter(&pairs, "state"), "s");
    assert!(pairs.iter().all(|(name, _)| name != "code"));
    returned(&submit(&finch, &entered(&session)).await);
}

#[tokio::test]
async fn pages_say_why_a_session_leads_nowhere() {
    let finch = Finch::start().await;
    let session = session(&finch, json!({ "minutes_to_expire": 5 })).await;
    finch.emulator.advance(Duration::from_secs(4 * 60));
    assert_eq!(open(&finch, &session).await.status, 200);
    finch.emulator.advance(Duration::from_secs(60));
    for (id, status, words) in [
        (session.as_str(), 410, "has expired"),
        ("unknown", 404, "no such session"),
        ("", 400, "lacks its session"),
    ] {
        for answer in [open(&finch, id).await, submit(&finch, &entered(id)).await] {
            assert_eq!(answer.status, status);
            assert!(answer.text.contains(words), "{}", answer.text);
            assert!(answer.header("content-type").unwrap().starts_with("text/html"));
        }
    }
    assert_eq!(send(finch.get("/authorize")).await.status, 400);
}

#[tokio::test]
async fn an_incomplete_form_comes_back_with_what_was_entered() {
    let finch = Finch::start().await;
    let session = session(&finch, json!({})).await;
    for missing in ["company", "user", "credentials", "provider"] {
        let mut form = entered(&session);
        form.retain(|(name, _)| *name != missing);
        form.push((missing, "  "));
        let answer = submit(&finch, &form).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains("class=\"problem\"") && answer.text.contains("s 1&#38;2"));
    }
    let long = "x".repeat(256);
    let mut form = entered(&session);
    form[4].1 = &long;
    assert_eq!(submit(&finch, &form).await.status, 400);
    assert_eq!(submit(&finch, &entered(&session)).await.status, 200);
}

#[tokio::test]
async fn nothing_that_anybody_names_becomes_html() {
    let attack = "\"'><script>alert(1)</script>";
    let finch = Finch::start().await;
    let more = json!({ "customer_name": attack, "integration": { "provider": attack } });
    let session = session(&finch, more).await;
    let url = finch.get("/authorize").query(&[("session", session.as_str()), ("state", attack)]);
    let mut incomplete = entered(&session);
    incomplete[1].1 = attack;
    incomplete[3].1 = attack;
    incomplete[4].1 = "";
    incomplete[5].1 = attack;
    let mut complete = entered(&session);
    complete[1].1 = attack;
    for answer in
        [send(url).await, submit(&finch, &incomplete).await, submit(&finch, &complete).await]
    {
        let harmless = "&#34;&#39;&#62;&#60;script&#62;alert(1)&#60;/script&#62;";
        let (all, escaped) = (answer.text.matches("alert("), answer.text.matches(harmless));
        assert_eq!(all.count(), escaped.clone().count());
        assert!(escaped.count() > 0);
    }
}

#[tokio::test]
async fn pages_have_strict_headers() {
    let finch = Finch::start().await;
    let more = json!({ "redirect_uri": "https://app.example/callback" });
    let session = session(&finch, more).await;
    let form = open(&finch, &session).await;
    let policy = form.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'; style-src 'self';"));
    assert!(policy.contains("form-action 'self' https://app.example;"));
    assert!(!policy.contains("script") && !policy.contains("unsafe"));
    let redirect = submit(&finch, &entered(&session)).await;
    for answer in [&form, &redirect] {
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
    }
    assert_eq!(form.header("x-content-type-options"), Some("nosniff"));
}

#[tokio::test]
async fn no_state_stays_no_state() {
    let finch = Finch::start().await;
    let more = json!({ "redirect_uri": "https://app.example/callback" });
    let session = session(&finch, more).await;
    let form = send(finch.get("/authorize").query(&[("session", &session)])).await;
    assert!(!form.text.contains("name=\"state\""));
    let mut form = entered(&session);
    form.remove(1);
    let (_, pairs) = returned(&submit(&finch, &form).await);
    assert_eq!(pairs.len(), 1);
}
