//! Finch's error shape, wherever a call goes astray.

use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Finch, send, step_1, step_4};

#[tokio::test]
async fn errors_have_all_their_fields() {
    let finch = Finch::start().await;
    for (call, status, name) in [
        (finch.get("/introspect"), 401, "unauthorized_request"),
        (finch.get("/introspect").bearer_auth(""), 401, "unauthorized_request"),
        (finch.get("/introspect").basic_auth("a", Some("b")), 401, "unauthorized_request"),
        (finch.get("/introspect").bearer_auth("unknown"), 401, "invalid_token"),
        (finch.post("/disconnect"), 401, "unauthorized_request"),
        (finch.post("/disconnect").bearer_auth("unknown"), 401, "invalid_token"),
        (finch.call(Method::PUT, "/sandbox/connections/accounts"), 401, "unauthorized_request"),
        (finch.get("/__emulator/nothing"), 404, "not_found_error"),
        (finch.post("/__emulator/state"), 405, "method_not_allowed_error"),
    ] {
        let answer = send(call).await;
        assert_eq!(answer.error(), (status, name.to_owned()));
        let body = answer.json();
        assert_eq!(body["statusCode"], status);
        assert_eq!(body["status"], status);
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
    }
}

/// As at Finch: which paths and methods there are, only a caller that authenticates learns.
#[tokio::test]
async fn what_is_not_there_needs_authentication_first() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let ended = finch.connect(step_4()).await;
    assert_eq!(finch.disconnect(&ended).await.status, 200);
    let secret = |token: &Value| token["access_token"].as_str().unwrap().to_owned();
    let (live, ended) = (secret(&token), secret(&ended));
    let (id, password) = (finch.emulator.client_id(), finch.emulator.client_secret());
    for (method, path, there) in [
        (Method::GET, "/employer/company", false),
        (Method::DELETE, "/nothing", false),
        (Method::GET, "//", false),
        (Method::POST, "/disconnect/", false),
        (Method::GET, "/auth/token", true),
        (Method::GET, "/disconnect", true),
        (Method::HEAD, "/disconnect", true),
        (Method::PUT, "/connect/sessions", true),
        (Method::DELETE, "/providers", true),
    ] {
        let call = || finch.call(method.clone(), path);
        for (call, name) in [
            (call(), "unauthorized_request"),
            (call().bearer_auth(""), "unauthorized_request"),
            (call().header("authorization", format!("Token {live}")), "unauthorized_request"),
            (call().bearer_auth("unknown"), "invalid_token"),
            (call().bearer_auth(&ended), "invalid_token"),
        ] {
            let answer = send(call).await;
            assert_eq!(
                (answer.status.as_u16(), answer.header("allow")),
                (401, None),
                "{path} {name}"
            );
            if method != Method::HEAD {
                assert_eq!(answer.error().1, name, "{path}");
            }
        }
        let wrong = send(call().basic_auth(id, Some("wrong"))).await;
        assert_eq!(wrong.status, 401, "{path}");
        let expected = if there { 405 } else { 404 };
        assert_eq!(send(call().bearer_auth(&live)).await.status, expected, "{path}");
        assert_eq!(send(call().basic_auth(id, Some(password))).await.status, expected, "{path}");
    }
}

#[tokio::test]
async fn a_wrong_method_is_told_the_right_ones() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    for (path, allowed) in [
        ("/disconnect", "POST"),
        ("/introspect", "GET"),
        ("/sandbox/connections/accounts", "POST, PUT"),
        ("/authorize", "GET, POST"),
        ("/__emulator/faults", "POST, GET, DELETE"),
    ] {
        let call = finch.call(Method::PATCH, path);
        let answer = send(call.bearer_auth(token["access_token"].as_str().unwrap())).await;
        assert_eq!((answer.status.as_u16(), answer.header("allow")), (405, Some(allowed)));
    }
}

#[tokio::test]
async fn a_disconnect_reads_no_body() {
    let finch = Finch::start().await;
    for body in ["", "not json", "{\"access_token\": 1}"] {
        let token = finch.connect(step_1()).await;
        let call = finch
            .post("/disconnect")
            .bearer_auth(token["access_token"].as_str().unwrap())
            .header("content-type", "application/json")
            .body(body);
        assert_eq!(send(call).await.status, 200);
    }
}

#[tokio::test]
async fn the_scheme_has_no_case() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let header = format!("bearer {}", token["access_token"].as_str().unwrap());
    assert_eq!(send(finch.get("/introspect").header("authorization", header)).await.status, 200);
}

#[tokio::test]
async fn a_token_in_other_spelling_is_another_token() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let token = token["access_token"].as_str().unwrap().to_uppercase();
    assert_eq!(send(finch.get("/introspect").bearer_auth(token)).await.status, 401);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let finch = Finch::start().await;
    for size in [256 * 1024 + 1, 8 * 1024 * 1024] {
        let answer = send(finch.post("/auth/token").body(vec![b' '; size])).await;
        assert_eq!(answer.error(), (413, "payload_too_large_error".to_owned()));
    }
    let padded = format!("{}{}", " ".repeat(255 * 1024), json!({ "code": "unknown" }));
    assert_eq!(send(finch.post("/auth/token").body(padded)).await.status, 401);
}

#[tokio::test]
async fn an_error_does_not_repeat_a_secret() {
    let finch = Finch::start().await;
    let body = "{\"client_secret\": \"very-secret\", \"code\": very-secret}";
    let answer = send(finch.post("/auth/token").body(body)).await;
    assert_eq!(answer.status, 400);
    assert!(!answer.text.contains("very-secret"));
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let finch = Finch::start().await;
    let answer = send(finch.call(Method::HEAD, "/providers")).await;
    assert_eq!((answer.status.as_u16(), answer.text.as_str()), (200, ""));
}
