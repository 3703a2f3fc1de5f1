//! Connect sessions, and what makes a bad one.

use finch_emulator::DisconnectScope;
use serde_json::{Value, json};

use crate::support::{Answer, Finch, send, step_1, step_3};

fn acme() -> Value {
    json!({ "customer_id": "acme", "customer_name": "Acme Inc", "products": ["company"] })
}

async fn reauthenticate(finch: &Finch, body: Value) -> Answer {
    send(finch.post_basic("/connect/sessions/reauthenticate", &body)).await
}

#[tokio::test]
async fn a_session_has_an_id_and_a_url() {
    let finch = Finch::start().await;
    let answer = finch.session(&acme()).await;
    assert_eq!(answer.status, 201);
    let body = answer.json();
    let id = body["session_id"].as_str().unwrap();
    let url = format!("{}/authorize?session={id}", finch.emulator.url());
    assert_eq!(body["connect_url"], url);
    assert_eq!(body.as_object().unwrap().len(), 2);
}

#[tokio::test]
async fn everything_optional_may_be_there_or_null() {
    let finch = Finch::start().await;
    let full = json!({
        "customer_id": "acme", "customer_name": "Acme Inc", "customer_email": "pay@acme.example",
        "products": ["company", "recordkeeping"], "redirect_uri": "https://app.example/callback",
        "minutes_to_expire": 60.5, "sandbox": "finch", "manual": false,
        "integration": { "provider": "gusto", "auth_method": "oauth" },
        "recordkeeping": { "recordkeeper": "voya", "plan_id": null }, "unknown": [1],
    });
    assert_eq!(finch.session(&full).await.status, 201);
    let mut nulls = acme();
    for field in [
        "customer_email",
        "redirect_uri",
        "minutes_to_expire",
        "sandbox",
        "manual",
        "integration",
        "recordkeeping",
    ] {
        nulls[field] = Value::Null;
    }
    assert_eq!(finch.session(&nulls).await.status, 201);
    let mut custom = acme();
    custom["redirect_uri"] = "myapp://callback".into();
    assert_eq!(finch.session(&custom).await.status, 201);
}

#[tokio::test]
async fn bad_requests_name_the_field() {
    let finch = Finch::start().await;
    let long = "x".repeat(256);
    for (field, value) in [
        ("customer_id", Value::Null),
        ("customer_id", json!("")),
        ("customer_id", json!(long)),
        ("customer_id", json!(7)),
        ("customer_name", Value::Null),
        ("customer_name", json!(long)),
        ("customer_email", json!("nobody")),
        ("products", Value::Null),
        ("products", json!("company")),
        ("products", json!(["everything"])),
        ("products", json!([1])),
        ("redirect_uri", json!("callback")),
        ("redirect_uri", json!("javascript:alert(1)")),
        ("redirect_uri", json!(1)),
        ("minutes_to_expire", json!(0)),
        ("minutes_to_expire", json!(-1)),
        ("minutes_to_expire", json!(129_601)),
        ("minutes_to_expire", json!("60")),
        ("sandbox", json!("yes")),
        ("sandbox", json!(true)),
        ("manual", json!("true")),
        ("integration", json!("gusto")),
        ("integration.provider", json!({})),
        ("integration.provider", json!({ "provider": 1 })),
        ("integration.auth_method", json!({ "provider": "gusto", "auth_method": "magic" })),
        ("recordkeeping", json!({ "recordkeeper": "voya" })),
    ] {
        let mut body = acme();
        body[field.split('.').next().unwrap()] = value.clone();
        let answer = finch.session(&body).await;
        assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{field} {value}");
        let answer = answer.json();
        assert_eq!(answer["finch_code"], "invalid_request");
        assert_eq!(answer["context"], json!({}));
        let message = answer["message"].as_str().unwrap();
        assert!(message.contains(&format!("`{field}`")), "{field} {value}: {message}");
    }
    for minutes in [1, 129_600] {
        let mut body = acme();
        body["minutes_to_expire"] = minutes.into();
        assert_eq!(finch.session(&body).await.status, 201);
    }
    assert_eq!(finch.emulator.state().sessions, 2);
}

#[tokio::test]
async fn wrong_credentials_get_finchs_very_words() {
    let finch = Finch::start().await;
    let (id, secret) = (finch.emulator.client_id(), finch.emulator.client_secret());
    for path in ["/connect/sessions", "/connect/sessions/reauthenticate"] {
        for call in [
            finch.post(path),
            finch.post(path).basic_auth(id, Some("wrong")),
            finch.post(path).basic_auth("wrong", Some(secret)),
            finch.post(path).basic_auth(id, None::<&str>),
            finch.post(path).bearer_auth("token"),
            finch.post(path).header("authorization", "Basic not-base64!"),
        ] {
            let answer = send(call.json(&acme())).await;
            assert_eq!(answer.status, 401);
            let words = json!({
                "code": 401, "finch_code": "invalid_client",
                "message": "Invalid client: Unable to validate credentials",
            });
            assert_eq!(answer.json(), words);
        }
    }
}

#[tokio::test]
async fn a_customer_with_a_live_connection_must_reauthenticate() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1().customer_id("acme")).await;
    let answer = finch.session(&acme()).await;
    assert_eq!(answer.status, 400);
    assert_eq!(
        answer.json(),
        json!({
            "code": 400,
            "finch_code": "connection_already_exists",
            "message": "There's an existing connection for the customer_id: acme. Please use the \
                        /connect/sessions/reauthenticate endpoint instead.",
            "name": "bad_request",
            "context": { "customer_id": "acme", "connection_id": token["connection_id"] },
        })
    );
    let other = json!({ "customer_id": "b", "customer_name": "B", "products": ["company"] });
    assert_eq!(finch.session(&other).await.status, 201);

    let session = reauthenticate(&finch, json!({ "connection_id": token["connection_id"] })).await;
    assert_eq!(session.status, 201);
    assert_eq!(finch.disconnect(&token).await.status, 200);
    assert_eq!(finch.session(&acme()).await.status, 201);
}

#[tokio::test]
async fn only_a_live_connection_can_be_reauthenticated() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope).await;
        let token = finch.connect(step_1()).await;
        let other = finch.connect(step_3()).await;
        assert_eq!(finch.disconnect(&token).await.status, 200);
        let not_found = json!({
            "code": 400, "finch_code": "invalid_request", "message": "Connection not found",
            "name": "bad_request",
        });
        for id in [token["connection_id"].clone(), json!("nonsense"), token["company_id"].clone()] {
            let answer = reauthenticate(&finch, json!({ "connection_id": id })).await;
            assert_eq!((answer.status.as_u16(), answer.json()), (400, not_found.clone()));
        }
        let answer = reauthenticate(&finch, json!({ "connection_id": other["connection_id"] }));
        let expected = if scope == DisconnectScope::Pair { 400 } else { 201 };
        assert_eq!(answer.await.status, expected);
    }
}

#[tokio::test]
async fn bad_reauthentications_name_the_field() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    for (field, value) in [
        ("connection_id", Value::Null),
        ("connection_id", json!(1)),
        ("products", json!(["everything"])),
        ("redirect_uri", json!("callback")),
        ("minutes_to_expire", json!(0)),
        ("minutes_to_expire", json!(1.5)),
        ("minutes_to_expire", json!("60")),
    ] {
        let mut body = json!({ "connection_id": token["connection_id"] });
        body[field] = value.clone();
        let answer = reauthenticate(&finch, body).await;
        assert_eq!(answer.error(), (400, "bad_request".to_owned()), "{field} {value}");
        assert!(answer.text.contains(&format!("`{field}`")), "{field} {value}");
    }
}
