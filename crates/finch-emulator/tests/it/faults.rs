//! Faults: each does what it says, once or as often as it says.

use std::time::{Duration, Instant};

use finch_emulator::Fault;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Finch, send, step_1};

async fn queue(finch: &Finch, fault: &Value) -> Answer {
    send(finch.post("/__emulator/faults").json(fault)).await
}

/// Starts with a token, and with this fault waiting.
async fn with(fault: Value) -> (Finch, Value) {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    assert_eq!(queue(&finch, &fault).await.status, 201);
    (finch, token)
}

async fn is_dropped(finch: &Finch, token: &Value) -> bool {
    let token = token["access_token"].as_str().unwrap();
    match finch.post("/disconnect").bearer_auth(token).send().await {
        Ok(response) => panic!("answered with {}", response.status()),
        Err(error) => error.is_request() && !error.is_timeout(),
    }
}

#[tokio::test]
async fn drop_before_the_effect() {
    let (finch, token) = with(json!({ "path": "/disconnect", "drop": "before_effect" })).await;
    assert!(is_dropped(&finch, &token).await);
    assert!(finch.works(&token).await);
    assert_eq!(finch.disconnect(&token).await.status, 200);
}

#[tokio::test]
async fn drop_after_the_effect() {
    let (finch, token) = with(json!({ "path": "/disconnect", "drop": "after_effect" })).await;
    assert!(is_dropped(&finch, &token).await);
    assert!(!finch.works(&token).await);
}

#[tokio::test]
async fn a_lost_answer_uses_the_code_up() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    finch.emulator.push_fault(Fault::on("/auth/token").drop_after_effect());
    let body = finch.exchange_body(&code, None);
    assert!(finch.post("/auth/token").json(&body).send().await.is_err());
    assert_eq!(finch.exchange(&code, None).await.error(), (400, "invalid_grant".to_owned()));
    assert_eq!(finch.emulator.state().tokens.len(), 1);
}

#[tokio::test]
async fn a_rate_limit_with_and_without_a_hint() {
    for (fault, hint) in [(json!({ "retry_after": 7 }), Some("7")), (json!({}), None)] {
        let (finch, token) = with(json!({ "path": "/disconnect", "rate_limit": fault })).await;
        let answer = finch.disconnect(&token).await;
        assert_eq!(answer.error(), (429, "rate_limit_exceeded_error".to_owned()));
        assert_eq!(answer.header("retry-after"), hint);
        assert!(finch.works(&token).await);
    }
}

#[tokio::test]
async fn a_status_with_finchs_body_or_any_other() {
    for (fault, body) in [
        (json!({ "status": 503, "body": { "a": [1] } }), json!({ "a": [1] }).to_string()),
        (json!({ "status": 503, "body": "<b>no</b>" }), "<b>no</b>".to_owned()),
        (json!({ "status": 204 }), String::new()),
    ] {
        let mut full = fault.clone();
        full["path"] = "/disconnect".into();
        full["headers"] = json!({ "X-Proxy": "yes", "Content-Type": "text/odd" });
        let (finch, token) = with(full).await;
        let answer = finch.disconnect(&token).await;
        assert_eq!(answer.status.as_u16(), fault["status"]);
        assert_eq!(answer.text, body);
        assert_eq!(answer.header("x-proxy"), Some("yes"));
        assert_eq!(answer.header("content-type"), Some("text/odd"));
        assert!(finch.works(&token).await);
    }
    for (status, name) in [
        (400, "bad_request"),
        (401, "invalid_token"),
        (402, "payment_required"),
        (403, "error_permissions"),
        (404, "not_found_error"),
        (408, "client_connection_closed"),
        (422, "unprocessable_request_error"),
        (429, "rate_limit_exceeded_error"),
        (500, "server_error"),
        (501, "not_implemented_error"),
        (502, "bad_gateway_error"),
        (503, "error"),
    ] {
        let (finch, token) = with(json!({ "path": "/introspect", "status": status })).await;
        assert_eq!(finch.introspect(&token).await.error(), (status, name.to_owned()));
        assert!(finch.works(&token).await);
    }
}

#[tokio::test]
async fn an_answer_may_come_after_the_effect() {
    for kind in [json!({ "status": 502 }), json!({ "garbage": true })] {
        for after_effect in [false, true] {
            let mut fault = kind.clone();
            fault["path"] = "/disconnect".into();
            fault["after_effect"] = after_effect.into();
            let (finch, token) = with(fault).await;
            let answer = finch.disconnect(&token).await;
            assert_ne!(answer.text, json!({ "status": "success" }).to_string());
            assert_eq!(finch.works(&token).await, !after_effect);
        }
    }
}

#[tokio::test]
async fn garbage_is_no_json() {
    let (finch, token) = with(json!({ "path": "/introspect", "garbage": true })).await;
    let answer = finch.introspect(&token).await;
    assert_eq!(answer.status, 200);
    assert!(serde_json::from_str::<Value>(&answer.text).is_err());
}

#[tokio::test]
async fn a_delay_alone_or_with_another() {
    let (finch, token) = with(json!([
        { "path": "/introspect", "delay_ms": 60 },
        { "path": "/introspect", "delay_ms": 60, "status": 503 },
    ]))
    .await;
    for status in [200, 503] {
        let begun = Instant::now();
        assert_eq!(finch.introspect(&token).await.status, status);
        assert!(begun.elapsed() >= Duration::from_millis(60));
    }
}

#[tokio::test]
async fn a_late_effect_comes_though_the_caller_is_gone() {
    let (finch, token) = with(json!({ "path": "/disconnect", "delay_ms": 200 })).await;
    let call = finch
        .post("/disconnect")
        .bearer_auth(token["access_token"].as_str().unwrap())
        .timeout(Duration::from_millis(50));
    assert!(call.send().await.unwrap_err().is_timeout());
    let deadline = Instant::now() + Duration::from_secs(20);
    while finch.works(&token).await {
        assert!(Instant::now() < deadline, "the disconnect never came");
    }
}

#[tokio::test]
async fn fields_can_be_left_out() {
    let finch = Finch::start().await;
    let omit = Fault::on("/auth/token").omit(["company_id", "customer_name"]);
    finch.emulator.push_fault(omit);
    let token = finch.connect(step_1()).await;
    assert!(token.get("company_id").is_none() && token.get("customer_name").is_none());
    assert!(token.get("connection_id").is_some());
    queue(&finch, &json!({ "path": "/introspect", "omit": ["company_id"] })).await;
    assert!(finch.introspect(&token).await.json().get("company_id").is_none());
    assert!(finch.introspect(&token).await.json().get("company_id").is_some());
}

#[tokio::test]
async fn a_fault_hits_the_calls_it_names_as_often_as_it_says() {
    let (finch, token) = with(json!([
        { "method": "post", "path": "/introspect", "status": 500 },
        { "method": "GET", "path": "/introspect", "times": 2, "status": 501 },
        { "path": "/introspect", "status": 502 },
    ]))
    .await;
    for status in [501, 501, 502, 200] {
        assert_eq!(finch.introspect(&token).await.status, status);
    }
    let left = send(finch.get("/__emulator/faults")).await.json();
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(left, json!(finch.emulator.state().faults));
    assert_eq!(send(finch.call(Method::DELETE, "/__emulator/faults")).await.status, 200);
    assert!(finch.emulator.state().faults.is_empty());
}

#[tokio::test]
async fn a_fault_without_a_path_hits_anything_but_the_control_api() {
    let (finch, token) = with(json!({ "status": 500, "times": 2 })).await;
    assert_eq!(send(finch.get("/__emulator/state")).await.status, 200);
    assert_eq!(finch.introspect(&token).await.status, 500);
    assert_eq!(send(finch.get("/employer/company")).await.status, 500);
    assert_eq!(finch.introspect(&token).await.status, 200);
}

#[tokio::test]
async fn what_is_listed_can_be_queued_again() {
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
    let finch = Finch::start().await;
    assert_eq!(queue(&finch, &faults).await.json(), json!({ "queued": 19 }));
    assert_eq!(send(finch.get("/__emulator/faults")).await.json(), faults);
}

#[tokio::test]
async fn a_bad_fault_is_explained_and_none_is_queued() {
    let finch = Finch::start().await;
    for (fault, named) in [
        (json!("drop"), "object"),
        (json!([1]), "object"),
        (json!({}), "`rate_limit`"),
        (json!({ "path": "/disconnect" }), "`drop`"),
        (json!({ "path": "/disconnect", "explode": true }), "`explode`"),
        (json!({ "path": "/disconnect", "explode": true }), "`garbage`"),
        (json!({ "path": "disconnect", "garbage": true }), "`path`"),
        (json!({ "path": "/__emulator/state", "garbage": true }), "`path`"),
        (json!({ "path": 1, "garbage": true }), "`path`"),
        (json!({ "method": "G T", "garbage": true }), "`method`"),
        (json!({ "times": 0, "garbage": true }), "`times`"),
        (json!({ "times": 5_000_000_000_u64, "garbage": true }), "`times`"),
        (json!({ "delay_ms": -1 }), "`delay_ms`"),
        (json!({ "delay_ms": 600_001 }), "`delay_ms`"),
        (json!({ "status": 99 }), "`status`"),
        (json!({ "status": "500" }), "`status`"),
        (json!({ "status": 500, "headers": ["a"] }), "`headers`"),
        (json!({ "status": 500, "headers": { "a b": "c" } }), "`headers`"),
        (json!({ "status": 500, "headers": { "a": 1 } }), "`headers`"),
        (json!({ "status": 500, "after_effect": "yes" }), "`after_effect`"),
        (json!({ "status": 500, "drop": "before_effect" }), "`drop`"),
        (json!({ "drop": "later" }), "`drop`"),
        (json!({ "drop": "before_effect", "body": "x" }), "`body`"),
        (json!({ "garbage": false }), "`garbage`"),
        (json!({ "rate_limit": 5 }), "`rate_limit`"),
        (json!({ "rate_limit": { "retry_after": "soon" } }), "`rate_limit.retry_after`"),
        (json!({ "omit": "company_id" }), "`omit`"),
        (json!({ "error": "no_such_error" }), "reauthenticate_user, "),
        (json!({ "error": 401 }), "`error`"),
        (json!({ "error": "invalid_token", "context": 1 }), "`context`"),
        (json!({ "status": 400, "context": {} }), "`context`"),
        (json!({ "lie": false }), "`lie`"),
        (json!({ "lie": true, "after_effect": true }), "`after_effect`"),
        (json!({ "cut": -1 }), "`cut`"),
        (json!({ "cut": 5, "then": "wait" }), "close, half_close, silence, reset"),
        (json!({ "endless": true, "then": "close" }), "`then`"),
        (json!({ "endless": 7 }), "`endless`"),
        (json!({ "trickle": 5 }), "`trickle`"),
        (json!({ "trickle": {} }), "`trickle.pause_ms`"),
        (json!({ "trickle": { "bytes": 0, "pause_ms": 1 } }), "`trickle.bytes`"),
        (json!({ "trickle": { "pause_ms": 600_001 } }), "`trickle.pause_ms`"),
        (json!({ "length_off_by": 0 }), "`length_off_by`"),
        (json!({ "length_off_by": 1.5 }), "`length_off_by`"),
        (json!({ "drop": "before_effect", "late_seconds": 421 }), "`late_seconds`"),
        (json!({ "drop": "before_effect", "late_seconds": 0 }), "`late_seconds`"),
        (json!({ "drop": "after_effect", "late_seconds": 9 }), "`late_seconds`"),
        (json!({ "status": 500, "after_effect": true, "late_seconds": 9 }), "`late_seconds`"),
        (json!({ "delay_ms": 5, "late_seconds": 9 }), "`late_seconds`"),
    ] {
        let good = json!({ "path": "/a", "garbage": true });
        for body in [fault.clone(), json!([good, fault])] {
            let answer = queue(&finch, &body).await;
            assert_eq!(answer.status, 400, "{body}");
            let message = answer.json()["message"].as_str().unwrap().to_owned();
            assert!(message.contains(named), "{body}: {message}");
        }
    }
    assert!(finch.emulator.state().faults.is_empty());
}
