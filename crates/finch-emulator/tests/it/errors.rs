//! Errors in Finch's format, for requests without an endpoint or a valid token.

use serde_json::json;

use crate::{
    server::{Server, send},
    support::{Finch, ID, SECRET, secret, step_1, step_4},
};

#[test]
fn errors_have_all_their_fields() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let get = || finch.get("/introspect");
    for (call, status, name) in [
        (get(), 401, "unauthorized_request"),
        (get().bearer_auth(""), 401, "unauthorized_request"),
        (get().basic_auth("a", Some("b")), 401, "unauthorized_request"),
        (get().bearer_auth("unknown"), 401, "invalid_token"),
        (get().bearer_auth(secret(&token).to_uppercase()), 401, "invalid_token"),
        (finch.post("/disconnect"), 401, "unauthorized_request"),
        (finch.post("/disconnect").bearer_auth("unknown"), 401, "invalid_token"),
        (finch.call("PUT", "/sandbox/connections/accounts"), 401, "unauthorized_request"),
        (finch.get("/__emulator/nothing"), 404, "not_found_error"),
        (finch.post("/__emulator/state"), 405, "method_not_allowed_error"),
        (finch.post("/"), 405, "method_not_allowed_error"),
    ] {
        let answer = call.send();
        assert_eq!(answer.error(), (status, name.to_owned()));
        let body = answer.json();
        assert_eq!((&body["statusCode"], &body["status"]), (&json!(status), &json!(status)));
        assert!(answer.header("content-type").unwrap().starts_with("application/json"));
        let challenge = answer.header("www-authenticate");
        assert_eq!(challenge, (status == 401).then_some("Bearer realm=\"Finch\""));
    }
}

/// Finch shows which paths and methods exist only to a caller that authenticates.
#[test]
fn unknown_paths_and_methods_need_authentication_first() {
    let finch = Finch::start();
    let (token, ended) = (finch.connect(step_1()), finch.connect(step_4()));
    assert_eq!(finch.disconnect(&ended).status, 200);
    for (method, path, status) in [
        ("GET", "/employer/company", 404),
        ("DELETE", "/nothing", 404),
        ("GET", "//", 404),
        ("POST", "/disconnect/", 404),
        ("GET", "/auth/token", 405),
        ("HEAD", "/disconnect", 405),
        ("PUT", "/connect/sessions", 405),
    ] {
        let call = || finch.call(method, path);
        let other_scheme = format!("Token {}", secret(&token));
        for (call, name) in [
            (call(), "unauthorized_request"),
            (call().bearer_auth(""), "unauthorized_request"),
            (call().header("authorization", other_scheme), "unauthorized_request"),
            (call().bearer_auth("unknown"), "invalid_token"),
            (call().token(&ended), "invalid_token"),
        ] {
            let answer = call.send();
            assert_eq!(answer.error(), (401, name.to_owned()), "{path} {name}");
            assert_eq!(answer.header("allow"), None);
        }
        assert_eq!(call().basic_auth(ID, Some("wrong")).send().status, 401, "{path}");
        assert_eq!(call().token(&token).send().status, status, "{path}");
        assert_eq!(call().basic_auth(ID, Some(SECRET)).send().status, status, "{path}");
    }
    let calls = finch.emulator.state().calls;
    assert_eq!((calls["POST /disconnect"], calls["other"]), (1, 7 * 8), "each is counted");
}

#[test]
fn an_error_for_a_wrong_method_names_the_right_ones() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    for (path, allowed) in [
        ("/disconnect", "POST"),
        ("/introspect", "GET"),
        ("/sandbox/connections/accounts", "POST, PUT"),
        ("/authorize", "GET, POST"),
        ("/__emulator/faults", "POST, GET, DELETE"),
    ] {
        let answer = finch.call("PATCH", path).token(&token).send();
        assert_eq!((answer.status, answer.header("allow")), (405, Some(allowed)));
    }
}

#[test]
fn a_disconnect_ignores_its_body_and_the_case_of_the_scheme() {
    let finch = Finch::start();
    for body in ["", "not json", "{\"access_token\": 1}"] {
        let token = finch.connect(step_1());
        let call = finch.post("/disconnect").header("content-type", "application/json").body(body);
        let call = call.header("authorization", format!("bearer {}", secret(&token)));
        assert_eq!(call.send().status, 200);
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused() {
    let server = Server::start().await;
    for size in [256 * 1024 + 1, 8 * 1024 * 1024] {
        let answer = send(server.http("POST", "/auth/token").body(vec![b' '; size])).await;
        assert_eq!(answer.status, 413);
        assert_eq!(answer.json()["name"], "payload_too_large_error");
    }
    let padded = format!("{}{}", " ".repeat(255 * 1024), json!({ "code": "unknown" }));
    assert_eq!(send(server.http("POST", "/auth/token").body(padded)).await.status, 401);
}

#[tokio::test]
async fn head_is_get_without_a_body() {
    let server = Server::start().await;
    let answer = send(server.http("HEAD", "/providers")).await;
    assert_eq!((answer.status, answer.text.as_str()), (200, ""));
}
