//! What is special about the emulator in process, and that it answers as the server does.

use std::time::Duration;

use finch_emulator::{EmulatorConfig, Fault};
use serde_json::{Value, json};

use crate::{
    server::{Server, send},
    support::{Finch, secret, step_1, step_3, step_4},
};

#[tokio::test]
async fn it_answers_as_the_server_does() {
    let config = EmulatorConfig { seed: Some(7), ..EmulatorConfig::default() };
    let (server, local) = (Server::with(config.clone()).await, Finch::with(config));
    let codes = [step_1(), step_3(), step_4()].map(|step| {
        let code = server.emulator.issue_code(step.clone());
        assert_eq!(local.emulator.issue_code(step), code);
        code
    });
    let first = local.exchange(&codes[0], None);
    assert_eq!(server.exchange(&codes[0], None).text, first.text);
    for fault in [Fault::on("/disconnect").status(503), Fault::on("/introspect").garbage()] {
        server.emulator.push_fault(fault.clone());
        local.emulator.push_fault(fault);
    }
    let exchange = |code: &str| local.exchange_body(code, None).to_string();
    let live = format!("Bearer {}", secret(&first.json()));
    let session = json!({ "customer_id": "a", "customer_name": "A", "products": ["company"] });
    for (method, path, authorization, body) in [
        ("POST", "/auth/token", "", exchange("unknown")),
        ("GET", "/nowhere", "", String::new()),
        ("DELETE", "/disconnect", &live, String::new()),
        ("POST", "/connect/sessions", "Basic eDp5", session.to_string()),
        ("POST", "/auth/token", "", exchange(&codes[1])),
        ("POST", "/auth/token", "", exchange(&codes[2])),
        ("GET", "/introspect", &live, String::new()),
        ("GET", "/introspect", &live, String::new()),
        ("POST", "/disconnect", &live, String::new()),
        ("POST", "/disconnect", &live, String::new()),
        ("GET", "/introspect", &live, String::new()),
    ] {
        let call = server.http(method, path);
        let theirs = send(call.header("authorization", authorization).body(body.clone())).await;
        let ours =
            local.call(method, path).header("authorization", authorization).body(body).send();
        assert_eq!(ours.status, theirs.status, "{method} {path}");
        for name in ["finch-request-id", "content-type", "cache-control", "allow"] {
            assert_eq!(ours.header(name), theirs.header(name), "{method} {path}");
        }
        assert_eq!(without_dates(&ours.text), without_dates(&theirs.text));
    }
    let (theirs, ours) = (server.emulator.state(), local.emulator.state());
    assert_eq!((ours.tokens, ours.connections), (theirs.tokens, theirs.connections));
    assert_eq!((ours.calls, ours.codes), (theirs.calls, theirs.codes));
    assert_eq!(local.emulator.issued_tokens(), server.emulator.issued_tokens());
}

/// The clocks differ.
fn without_dates(text: &str) -> Value {
    let mut value = serde_json::from_str(text).unwrap_or_else(|_| Value::from(text));
    for status in ["/connection_status", "/authentication_methods/0/connection_status"] {
        if let Some(Value::Object(status)) = value.pointer_mut(status) {
            status.remove("last_successful_sync");
        }
    }
    value
}

#[test]
fn a_call_has_two_halves_and_its_effect_is_in_the_second() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let finch = finch.emulator;
    finch.push_fault(Fault::on("/disconnect").delay(Duration::from_millis(5)));
    let authorization = format!("Bearer {}", secret(&token));
    let headers = [("authorization", authorization.as_str())];
    let lost = finch.arrive("POST", "/disconnect", &headers, b"");
    assert_eq!(lost.delay(), Duration::from_millis(5));
    drop(lost);
    let call = finch.arrive("POST", "/disconnect", &headers, b"");
    let other = finch.arrive("GET", "/introspect", &headers, b"");
    assert!(finch.is_alive(secret(&token)));
    assert_eq!(finch.answer(call).unwrap().status, 200);
    assert!(!finch.is_alive(secret(&token)));
    assert_eq!(finch.answer(other).unwrap().status, 401);
    let state = finch.state();
    assert_eq!((state.calls["POST /disconnect"], state.calls["GET /introspect"]), (2, 1));
    assert_eq!(state.most_calls_at_once, 2);
    assert_eq!(state.tokens[0].most_calls_at_once, 2);
    assert_eq!(state.connections[0].most_calls_at_once, 2);
}

#[test]
fn calls_within_a_second_are_counted_by_its_clock() {
    let second = Duration::from_secs(1);
    let finch = Finch::start();
    for (calls, pause) in
        [(3, second / 2), (2, second / 2), (4, second), (1, second * 9), (6, second)]
    {
        for _ in 0..calls {
            finch.get("/providers").send();
        }
        finch.emulator.advance(pause);
    }
    // 3 and 2, 2 and 4, 4, 1, 6: never 3, 2 and 4.
    assert_eq!(finch.emulator.state().most_calls_per_second, 6);
    let finch = Finch::start();
    for _ in 0..10 {
        finch.get("/providers").send();
        finch.get("/__emulator/state").send();
        finch.emulator.advance(second / 4);
    }
    assert_eq!(finch.emulator.state().most_calls_per_second, 4);
    assert_eq!(finch.emulator.state().most_calls_at_once, 1);
}

#[test]
fn calls_that_are_not_http_are_refused() {
    let finch = Finch::start().emulator;
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
}

#[test]
fn debug_shows_no_secret() {
    let finch = Finch::start();
    finch.connect(step_1());
    let finch = finch.emulator;
    let token = finch.issued_tokens().remove(0);
    let bearer = format!("Bearer {}", token.secret);
    let headers = [("authorization", bearer.as_str())];
    let call = finch.arrive("GET", "/introspect", &headers, b"");
    let answer = finch.call("GET", "/introspect", &headers, b"");
    let shown = format!("{finch:?} {answer:?} {token:?} {call:?}");
    assert!(!shown.contains(&token.secret) && !shown.contains(finch.client_secret()), "{shown}");
    assert!(shown.contains("IssuedToken") && shown.contains("active"));
}
