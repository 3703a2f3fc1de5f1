//! Requests for Connect sessions.

use finch_emulator::DisconnectScope;
use serde_json::json;

use crate::support::{Finch, ID, SECRET, step_1, step_3};

#[test]
fn a_session_has_an_id_and_a_url_and_optional_fields_may_be_present_or_null() {
    let finch = Finch::start();
    let answer = finch.session(&json!({}));
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let id = body["session_id"].as_str().unwrap();
    let url = format!("http://127.0.0.1:1/authorize?session={id}");
    assert_eq!(body, json!({ "session_id": id, "connect_url": url }));
    let full = json!({
        "customer_email": "pay@acme.example",
        "products": ["company", "recordkeeping"], "redirect_uri": "https://app.example/callback",
        "minutes_to_expire": 60.5, "sandbox": "finch", "manual": false,
        "integration": { "provider": "gusto", "auth_method": "oauth" },
        "recordkeeping": { "recordkeeper": "voya", "plan_id": null }, "unknown": [1],
    });
    let nulls = json!({
        "customer_email": null, "redirect_uri": null, "minutes_to_expire": null, "sandbox": null,
        "manual": null, "integration": null, "recordkeeping": null,
    });
    let more = [json!({ "redirect_uri": "myapp://callback" }), json!({ "minutes_to_expire": 1 })];
    let longest = json!({ "minutes_to_expire": 129_600 });
    for fields in [full, nulls, longest].iter().chain(&more) {
        assert_eq!(finch.session(fields).status, 201, "{fields}");
    }
    assert_eq!(finch.emulator.state().sessions, 6);
}

#[test]
fn wrong_credentials_get_finchs_own_words() {
    let finch = Finch::start();
    let words = json!({
        "code": 401, "finch_code": "invalid_client",
        "message": "Invalid client: Unable to validate credentials",
    });
    for path in ["/connect/sessions", "/connect/sessions/reauthenticate"] {
        for call in [
            finch.post(path),
            finch.post(path).basic_auth(ID, Some("wrong")),
            finch.post(path).basic_auth("wrong", Some(SECRET)),
            finch.post(path).basic_auth(ID, None),
            finch.post(path).bearer_auth("token"),
            finch.post(path).header("authorization", "Basic not-base64!"),
        ] {
            let answer = call.json(&json!({})).send();
            assert_eq!((answer.status, answer.json()), (401, words.clone()));
        }
    }
}

#[test]
fn a_customer_with_a_live_connection_must_reauthenticate() {
    let finch = Finch::start();
    let token = finch.connect(step_1().customer_id("acme"));
    let answer = finch.session(&json!({}));
    let words = json!({
        "code": 400,
        "finch_code": "connection_already_exists",
        "message": "There's an existing connection for the customer_id: acme. Please use the \
                    /connect/sessions/reauthenticate endpoint instead.",
        "name": "bad_request",
        "context": { "customer_id": "acme", "connection_id": token["connection_id"] },
    });
    assert_eq!((answer.status, answer.json()), (400, words));
    assert_eq!(finch.session(&json!({ "customer_id": "b" })).status, 201);
    let renewal = finch.reauthenticate(&json!({ "connection_id": token["connection_id"] }));
    assert_eq!(renewal.status, 201);
    assert_eq!(finch.disconnect(&token).status, 200);
    assert_eq!(finch.session(&json!({})).status, 201);
}

#[test]
fn only_a_live_connection_can_be_reauthenticated() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope);
        let (token, other) = (finch.connect(step_1()), finch.connect(step_3()));
        assert_eq!(finch.disconnect(&token).status, 200);
        let not_found = json!({
            "code": 400, "finch_code": "invalid_request", "message": "Connection not found",
            "name": "bad_request",
        });
        for id in [&token["connection_id"], &json!("nonsense"), &token["company_id"]] {
            let answer = finch.reauthenticate(&json!({ "connection_id": id }));
            assert_eq!((answer.status, answer.json()), (400, not_found.clone()));
        }
        let answer = finch.reauthenticate(&json!({ "connection_id": other["connection_id"] }));
        assert_eq!(answer.status, if scope == DisconnectScope::Pair { 400 } else { 201 });
    }
}
