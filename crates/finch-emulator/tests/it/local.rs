//! The emulator in process: the same truth as the server, and the same each time.

use std::time::Duration;

use finch_emulator::{EmulatorConfig, EmulatorError, Fault, LocalAnswer, LocalEmulator};
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Finch, send, step_1, step_3, step_4};

const BASIC: &str = "Basic NGFiMTVlNTEtMTFhZC00OWY0LWFjYWUtZjM0M2I3Nzk0Mzc1OmZpbmNoLXNlY3JldC1zYW5kYm94LWVtdWxhdG9y";

pub(crate) fn local() -> LocalEmulator {
    LocalEmulator::new(EmulatorConfig { seed: Some(7), ..EmulatorConfig::default() }).unwrap()
}

pub(crate) fn exchange(finch: &mut LocalEmulator, code: &str) -> Option<LocalAnswer> {
    let body = json!({
        "client_id": finch.client_id(), "client_secret": finch.client_secret(), "code": code,
    });
    let headers = [("content-type", "application/json")];
    finch.call("POST", "/auth/token", &headers, body.to_string().as_bytes())
}

pub(crate) fn bearer(
    finch: &mut LocalEmulator,
    method: &str,
    path: &str,
    token: &str,
) -> Option<LocalAnswer> {
    finch.call(method, path, &[("Authorization", &format!("Bearer {token}"))], b"")
}

pub(crate) fn body(answer: &LocalAnswer) -> Value {
    serde_json::from_slice(&answer.body).unwrap()
}

/// The same calls to both: method, path, authorization, body.
fn calls(tokens: &[&str], codes: &[String]) -> Vec<(&'static str, &'static str, String, String)> {
    let exchange = |code: &str| {
        json!({ "client_id": EmulatorConfig::DEFAULT_CLIENT_ID,
                "client_secret": EmulatorConfig::DEFAULT_CLIENT_SECRET, "code": code })
        .to_string()
    };
    let mut calls = vec![
        ("POST", "/auth/token", String::new(), exchange("unknown")),
        ("POST", "/auth/token", String::new(), "{".to_owned()),
        ("GET", "/introspect", String::new(), String::new()),
        ("GET", "/nowhere", String::new(), String::new()),
        ("DELETE", "/disconnect", String::new(), String::new()),
        ("GET", "/providers", String::new(), String::new()),
        (
            "POST",
            "/connect/sessions",
            BASIC.to_owned(),
            json!({ "customer_id": "a", "customer_name": "A", "products": ["company"] })
                .to_string(),
        ),
    ];
    calls.extend(codes.iter().map(|c| ("POST", "/auth/token", String::new(), exchange(c))));
    for token in tokens {
        for (method, path) in
            [("GET", "/introspect"), ("POST", "/disconnect"), ("GET", "/introspect")]
        {
            calls.push((method, path, format!("Bearer {token}"), String::new()));
        }
    }
    calls
}

#[tokio::test]
async fn it_answers_as_the_server_does() {
    let server = Finch::seeded(7).await;
    let mut local = local();
    let mut codes = Vec::new();
    for step in [step_1(), step_3(), step_4()] {
        codes.push(server.emulator.issue_code(step.clone()));
        assert_eq!(&local.issue_code(step), codes.last().unwrap());
    }
    let unused = server.emulator.issue_code(step_1());
    let _ = local.issue_code(step_1());
    let first = exchange(&mut local, &unused).unwrap();
    assert_eq!(server.exchange(&unused, None).await.text.as_bytes(), first.body);
    for fault in [Fault::on("/disconnect").status(503), Fault::on("/introspect").garbage()] {
        server.emulator.push_fault(fault.clone());
        local.push_fault(fault);
    }
    let token = body(&first)["access_token"].as_str().unwrap().to_owned();
    for (method, path, authorization, text) in calls(&[&token, "unknown"], &codes) {
        let call = server.call(Method::from_bytes(method.as_bytes()).unwrap(), path);
        let call = if authorization.is_empty() {
            call
        } else {
            call.header("authorization", &authorization)
        };
        let theirs = send(call.body(text.clone())).await;
        let headers = [("authorization", authorization.as_str())];
        let headers = if authorization.is_empty() { &[][..] } else { &headers[..] };
        let ours = local.call(method, path, headers, text.as_bytes()).unwrap();
        assert_eq!(ours.status, theirs.status.as_u16(), "{method} {path}");
        for name in ["finch-request-id", "content-type", "cache-control", "allow"] {
            assert_eq!(ours.header(name), theirs.header(name), "{method} {path}");
        }
        let ours = String::from_utf8(ours.body).unwrap();
        // What differs is when and where they run.
        let when = body_without(&ours, &["last_successful_sync", "connect_url"]);
        assert_eq!(when, body_without(&theirs.text, &["last_successful_sync", "connect_url"]));
    }
    let (theirs, ours) = (server.emulator.state(), local.state());
    assert_eq!((ours.tokens, ours.connections), (theirs.tokens, theirs.connections));
    assert_eq!((ours.calls, ours.codes), (theirs.calls, theirs.codes));
    assert_eq!(local.issued_tokens(), server.emulator.issued_tokens());
}

fn body_without(text: &str, fields: &[&str]) -> Value {
    fn remove(value: &mut Value, fields: &[&str]) {
        match value {
            Value::Object(object) => {
                object.retain(|name, _| !fields.contains(&name.as_str()));
                object.values_mut().for_each(|value| remove(value, fields));
            }
            Value::Array(items) => items.iter_mut().for_each(|value| remove(value, fields)),
            _ => {}
        }
    }
    let mut value = serde_json::from_str(text).unwrap_or_else(|_| text.into());
    remove(&mut value, fields);
    value
}

#[test]
fn it_comes_out_the_same_each_time() {
    let life = |seed| {
        let config = EmulatorConfig { seed, ..EmulatorConfig::default() };
        let mut finch = LocalEmulator::new(config).unwrap();
        let code = finch.issue_code(step_1());
        finch.advance(Duration::from_secs(60));
        let token = exchange(&mut finch, &code).unwrap();
        let secret = body(&token)["access_token"].as_str().unwrap().to_owned();
        let answers = ["/introspect", "/nowhere"].map(|path| {
            let answer = bearer(&mut finch, "GET", path, &secret).unwrap();
            (answer.headers, answer.body)
        });
        (token.headers, token.body, answers, finch.state(), finch.now())
    };
    assert_eq!(life(Some(7)), life(Some(7)));
    assert_eq!(life(None), life(None));
    assert_eq!(life(None), life(Some(0)));
    assert_ne!(life(Some(7)).1, life(Some(8)).1);
}

#[test]
fn its_clock_stands_until_it_is_moved_on() {
    let mut finch = local();
    let (early, late) = (finch.issue_code(step_1()), finch.issue_code(step_4()));
    finch.advance(Duration::from_secs(599));
    assert_eq!(exchange(&mut finch, &early).unwrap().status, 200);
    finch.advance(Duration::from_secs(1));
    assert_eq!(exchange(&mut finch, &late).unwrap().status, 400);
    assert_eq!(finch.now(), Duration::from_secs(600));
}

#[test]
fn a_call_is_two_halves_and_its_effect_is_in_the_second() {
    let mut finch = local();
    let code = finch.issue_code(step_1());
    exchange(&mut finch, &code).unwrap();
    let secret = finch.issued_tokens()[0].secret.clone();
    finch.push_fault(Fault::on("/disconnect").delay(Duration::from_millis(5)));
    let authorization = format!("Bearer {secret}");
    let headers = [("authorization", authorization.as_str())];
    let lost = finch.arrive("POST", "/disconnect", &headers, b"");
    assert_eq!(lost.delay(), Duration::from_millis(5));
    drop(lost);
    let call = finch.arrive("POST", "/disconnect", &headers, b"");
    let other = finch.arrive("GET", "/introspect", &headers, b"");
    assert!(finch.is_alive(&secret));
    assert_eq!(finch.answer(call).unwrap().status, 200);
    assert!(!finch.is_alive(&secret));
    assert_eq!(finch.answer(other).unwrap().status, 401);
    let state = finch.state();
    assert_eq!((state.calls["POST /disconnect"], state.calls["GET /introspect"]), (2, 1));
    assert_eq!(state.most_calls_at_once, 2);
    assert_eq!(state.tokens[0].most_calls_at_once, 2);
    assert_eq!(state.connections[0].most_calls_at_once, 2);
}

#[test]
fn calls_within_a_second_are_counted_by_its_clock() {
    let mut finch = local();
    let second = Duration::from_secs(1);
    for (calls, pause) in
        [(3, second / 2), (2, second / 2), (4, second), (1, second * 9), (6, second)]
    {
        for _ in 0..calls {
            finch.call("GET", "/providers", &[], b"");
        }
        finch.advance(pause);
    }
    // 3 and 2, 2 and 4, 4, 1, 6: never 3, 2 and 4.
    assert_eq!(finch.state().most_calls_per_second, 6);
    let mut finch = local();
    for _ in 0..10 {
        finch.call("GET", "/providers", &[], b"");
        finch.call("GET", "/__emulator/state", &[], b"");
        finch.advance(second / 4);
    }
    assert_eq!(finch.state().most_calls_per_second, 4);
    assert_eq!(finch.state().most_calls_at_once, 1);
}

#[test]
fn somebody_may_end_a_connection_in_the_dashboard() {
    let mut finch = local();
    let code = finch.issue_code(step_1().customer_id("acme"));
    let token = body(&exchange(&mut finch, &code).unwrap());
    let (secret, id) = (&token["access_token"], &token["connection_id"]);
    assert!(!finch.end_connection("nonsense"));
    assert!(finch.end_connection(id.as_str().unwrap()));
    assert!(!finch.end_connection(id.as_str().unwrap()));
    assert!(!finch.is_alive(secret.as_str().unwrap()));
    assert_eq!(
        bearer(&mut finch, "GET", "/introspect", secret.as_str().unwrap()).unwrap().status,
        401
    );
    assert_eq!(finch.state().calls["POST /disconnect"], 0);
}

#[test]
fn what_no_client_could_send_is_refused() {
    let mut finch = local();
    let large = vec![b' '; 256 * 1024 + 1];
    for (method, path, headers, body, status) in [
        ("G T", "/introspect", &[][..], &b""[..], 400),
        ("GET", "/in trospect", &[], b"", 400),
        ("GET", "/introspect", &[("a b", "c")], b"", 400),
        ("GET", "/introspect", &[("a", "\n")], b"", 400),
        ("POST", "/auth/token", &[], &large, 413),
    ] {
        let answer = finch.call(method, path, headers, body).unwrap();
        assert_eq!(answer.status, status, "{method} {path}");
        assert!(answer.header("finch-request-id").is_some());
    }
    assert!(finch.state().calls.values().all(|count| *count == 0));
    let config = EmulatorConfig { client_id: "a:b".to_owned(), ..EmulatorConfig::default() };
    assert!(matches!(LocalEmulator::new(config), Err(EmulatorError::BadCredentials { .. })));
}

#[test]
fn nothing_secret_is_in_a_debug() {
    let mut finch = local();
    let code = finch.issue_code(step_1());
    let answer = exchange(&mut finch, &code).unwrap();
    let token = finch.issued_tokens().remove(0);
    let call = finch.arrive("GET", "/introspect", &[("authorization", &token.secret)], b"");
    let shown = format!("{finch:?} {answer:?} {token:?} {call:?}");
    assert!(!shown.contains(&token.secret) && !shown.contains(finch.client_secret()), "{shown}");
    assert!(shown.contains("IssuedToken") && shown.contains("active"));
}
