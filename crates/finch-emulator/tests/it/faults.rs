//! Faults in the control API: each does what it says, as often as it says.

use std::time::{Duration, Instant};

use finch_emulator::Fault;
use serde_json::{Value, json};

use crate::{
    server::{self, Server, send},
    support::{Answer, Finch, step_1},
};

const FAULTS: &str = "/__emulator/faults";

fn queue(finch: &Finch, fault: &Value) -> Answer {
    finch.post(FAULTS).json(fault).send()
}

/// A Finch with a live token and a waiting fault.
fn with(fault: &Value) -> (Finch, Value) {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    assert_eq!(queue(&finch, fault).status, 201);
    (finch, token)
}

#[test]
fn a_rate_limit_with_and_without_a_hint() {
    for (fault, hint) in [(json!({ "retry_after": 7 }), Some("7")), (json!({}), None)] {
        let (finch, token) = with(&json!({ "path": "/disconnect", "rate_limit": fault }));
        let answer = finch.disconnect(&token);
        assert_eq!(answer.error(), (429, "rate_limit_exceeded_error".to_owned()));
        assert_eq!(answer.header("retry-after"), hint);
        assert!(finch.works(&token));
    }
}

#[test]
fn a_status_with_finchs_body_or_another() {
    for (status, given, body) in [
        (503, json!({ "a": [1] }), json!({ "a": [1] }).to_string()),
        (503, json!("<b>no</b>"), "<b>no</b>".to_owned()),
        (204, Value::Null, String::new()),
    ] {
        let headers = json!({ "X-Proxy": "yes", "Content-Type": "text/odd" });
        let (finch, token) = with(&json!({ "path": "/disconnect", "status": status, "body": given,
                                           "headers": headers }));
        let answer = finch.disconnect(&token);
        assert_eq!((answer.status, answer.text.as_str()), (status, body.as_str()));
        assert_eq!(answer.header("x-proxy"), Some("yes"));
        assert_eq!(answer.header("content-type"), Some("text/odd"));
        assert!(finch.works(&token));
    }
    for (status, name) in [
        (400, "bad_request"),
        (401, "invalid_token"),
        (402, "payment_required"),
        (403, "error_permissions"),
        (404, "not_found_error"),
        (500, "server_error"),
        (502, "bad_gateway_error"),
        (503, "error"),
    ] {
        let (finch, token) = with(&json!({ "path": "/introspect", "status": status }));
        assert_eq!(finch.introspect(&token).error(), (status, name.to_owned()));
        assert!(finch.works(&token));
    }
}

#[test]
fn a_response_may_come_after_the_effect() {
    for (kind, value) in [("status", json!(502)), ("garbage", json!(true))] {
        for after_effect in [false, true] {
            let fault = json!({ "path": "/disconnect", kind: value, "after_effect": after_effect });
            let (finch, token) = with(&fault);
            let answer = finch.disconnect(&token);
            if kind == "garbage" {
                assert_eq!(answer.status, 200);
                assert!(serde_json::from_str::<Value>(&answer.text).is_err());
            }
            assert!(!answer.text.contains("success"));
            assert_eq!(finch.works(&token), !after_effect);
        }
    }
}

#[tokio::test]
async fn a_delay_alone_or_with_another_fault() {
    let server = Server::start().await;
    queue(&server, &json!([{ "delay_ms": 60 }, { "delay_ms": 60, "status": 503 }]));
    for status in [200, 503] {
        let begun = Instant::now();
        assert_eq!(send(server.http("GET", "/providers")).await.status, status);
        assert!(begun.elapsed() >= Duration::from_millis(60));
    }
}

#[tokio::test]
async fn a_delayed_request_takes_effect_though_its_caller_has_given_up() {
    let server = Server::start().await;
    let token = server.connect(step_1());
    server.emulator.push_fault(Fault::on("/disconnect").delay(Duration::from_millis(200)));
    let call = server.http_disconnect(&token).timeout(Duration::from_millis(50));
    assert!(call.send().await.unwrap_err().is_timeout());
    server::until(|| !server.works(&token)).await;
}

#[test]
fn a_fault_affects_the_requests_it_names_as_often_as_it_says() {
    let (finch, token) = with(&json!([
        { "method": "post", "path": "/introspect", "status": 500 },
        { "method": "get", "path": "/introspect", "times": 2, "status": 501 },
        { "path": "/introspect", "status": 502 },
    ]));
    for status in [501, 501, 502, 200] {
        assert_eq!(finch.introspect(&token).status, status);
    }
    let left = finch.get(FAULTS).send().json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left, json!(finch.emulator.state().faults));
    assert_eq!(finch.call("DELETE", FAULTS).send().status, 200);
    assert!(finch.emulator.state().faults.is_empty());
}

#[test]
fn a_fault_without_a_path_affects_anything_but_the_control_api() {
    let (finch, token) = with(&json!({ "status": 500, "times": 2 }));
    assert_eq!(finch.get("/__emulator/state").send().status, 200);
    assert_eq!(finch.introspect(&token).status, 500);
    assert_eq!(finch.get("/employer/company").send().status, 500);
    assert_eq!(finch.introspect(&token).status, 200);
}

#[test]
fn listed_faults_can_be_queued_again() {
    let faults = json!([
        { "delay_ms": 5, "times": 1 },
        { "path": "/a", "method": "GET", "times": 2, "status": 500, "body": "x",
          "headers": { "a": "b" }, "after_effect": true },
        { "path": "/a", "times": 1, "status": 504, "late_seconds": 300 },
        { "path": "/a", "times": 1, "error": "reauthenticate_user" },
        { "path": "/a", "times": 1, "error": "connection_already_exists",
          "context": { "connection_id": "x" } },
        { "path": "/a", "times": 1, "lie": true },
        { "path": "/a", "times": 1, "lie": true, "late_seconds": 1 },
        { "path": "/a", "times": 1, "drop": "before_effect", "late_seconds": 420 },
        { "path": "/a", "times": 1, "cut": 17 },
        { "path": "/a", "times": 1, "cut": 0, "then": "reset", "after_effect": false },
        { "path": "/a", "times": 1, "trickle": { "bytes": 2, "pause_ms": 3 } },
        { "path": "/a", "times": 1, "length_off_by": -3, "late_seconds": 2 },
        { "path": "/a", "times": 1, "endless": true },
        { "path": "/a", "times": 1, "rate_limit": { "retry_after": 1 } },
        { "path": "/a", "times": 1, "rate_limit": {} },
        { "path": "/a", "times": 1, "drop": "before_effect" },
        { "path": "/a", "times": 1, "drop": "after_effect", "delay_ms": 5 },
        { "path": "/a", "times": 1, "garbage": true },
        { "path": "/a", "times": 1, "omit": ["company_id"] },
    ]);
    let finch = Finch::start();
    assert_eq!(queue(&finch, &faults).json(), json!({ "queued": 19 }));
    assert_eq!(finch.get(FAULTS).send().json(), faults);
}

#[test]
fn the_number_of_waiting_faults_is_bounded() {
    let finch = Finch::start();
    let faults = vec![json!({ "lie": true }); 5_001];
    assert_eq!(queue(&finch, &json!(faults[..5_000])).status, 201);
    assert!(queue(&finch, &json!(faults)).text.contains("too many"));
    assert_eq!(queue(&finch, &json!(faults[..5_000])).status, 201);
    assert_eq!(finch.emulator.state().faults.len(), 10_000);
}
