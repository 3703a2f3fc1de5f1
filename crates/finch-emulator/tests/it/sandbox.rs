//! The three sandbox endpoints.

use finch_emulator::DisconnectScope;
use reqwest::Method;
use serde_json::{Value, json};

use crate::support::{Answer, Finch, send, step_1};

async fn update(finch: &Finch, token: &Value, body: Value) -> Answer {
    let token = token["access_token"].as_str().unwrap();
    let call = finch.call(Method::PUT, "/sandbox/connections/accounts").bearer_auth(token);
    send(call.json(&body)).await
}

#[tokio::test]
async fn a_new_connection_is_a_new_company() {
    let finch = Finch::start().await;
    let path = "/sandbox/connections";
    let body = json!({ "provider_id": "gusto", "products": ["company"], "employee_size": 50,
                       "authentication_type": "oauth" });
    let one = send(finch.post_basic(path, &body)).await;
    assert_eq!(one.status, 200);
    let one = one.json();
    let two = send(finch.post_basic(path, &json!({ "provider_id": "gusto" }))).await.json();
    assert_ne!(one["connection_id"], two["connection_id"]);
    assert_ne!(one["company_id"], two["company_id"]);
    assert_eq!(one["token_type"], "bearer");
    assert_eq!(one["authentication_type"], "oauth");
    assert_eq!(one["entity_id"], one["account_id"]);
    assert_eq!(one["products"], json!(["company"]));
    assert_eq!(two["authentication_type"], "credential");
    assert_eq!(two["products"], json!(["company", "directory", "employment", "individual"]));
    assert!(finch.works(&one).await && finch.works(&two).await);
}

#[tokio::test]
async fn a_new_account_is_another_login_at_the_same_company() {
    for (scope, same) in [(DisconnectScope::Pair, true), (DisconnectScope::Connection, false)] {
        let finch = Finch::scoped(scope).await;
        let token = finch.connect(step_1()).await;
        let body = json!({ "provider_id": "gusto", "company_id": token["company_id"] });
        let account = send(finch.post_basic("/sandbox/connections/accounts", &body)).await;
        assert_eq!(account.status, 200);
        let account = account.json();
        assert!(account.get("token_type").is_none());
        assert_eq!(account["company_id"], token["company_id"]);
        assert_eq!(account["connection_id"] == token["connection_id"], same);
        assert_eq!(finch.disconnect(&token).await.status, 200);
        assert_eq!(finch.works(&account).await, !same);
    }
}

#[tokio::test]
async fn a_status_can_be_set_and_is_shown_until_somebody_logs_in() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    for status in ["pending", "processing", "error_no_account_setup", "error_permissions", "reauth"]
    {
        let answer = update(&finch, &token, json!({ "connection_status": status })).await;
        assert_eq!(answer.status, 200);
        let answer = answer.json();
        assert_eq!(answer["connection_id"], token["connection_id"]);
        assert!(answer.get("access_token").is_none());
        let shown = finch.introspect(&token).await;
        assert_eq!(shown.status, 200);
        assert_eq!(shown.json()["connection_status"]["status"], status);
        assert!(shown.json()["connection_status"]["message"].is_string());
    }
    assert_eq!(update(&finch, &token, json!({})).await.status, 200);
    finch.connect(step_1()).await;
    let shown = finch.introspect(&token).await.json();
    assert_eq!(shown["connection_status"]["status"], "connected");
}

#[tokio::test]
async fn bad_requests_are_refused() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let bad = update(&finch, &token, json!({ "connection_status": "disconnected" })).await;
    assert_eq!(bad.error(), (400, "invalid_request".to_owned()));
    assert!(bad.text.contains("`connection_status`"));
    assert!(finch.works(&token).await);

    let (connections, accounts) = ("/sandbox/connections", "/sandbox/connections/accounts");
    for (path, body, named) in [
        (connections, json!({}), "`provider_id`"),
        (connections, json!({ "provider_id": 1 }), "`provider_id`"),
        (connections, json!({ "provider_id": "gusto", "products": "company" }), "`products`"),
        (connections, json!({ "provider_id": "gusto", "employee_size": "x" }), "`employee_size`"),
        (
            connections,
            json!({ "provider_id": "gusto", "authentication_type": "magic" }),
            "`authentication_type`",
        ),
        (accounts, json!({ "provider_id": "gusto" }), "`company_id`"),
        (accounts, json!({ "provider_id": "gusto", "company_id": "C" }), "`company_id`"),
        (accounts, json!({ "company_id": token["company_id"] }), "`provider_id`"),
    ] {
        let answer = send(finch.post_basic(path, &body)).await;
        assert_eq!(answer.error(), (400, "invalid_request".to_owned()), "{body}");
        assert!(answer.text.contains(named), "{body}: {}", answer.text);
    }

    let body = json!({ "provider_id": "justworks", "authentication_type": "api_token" });
    let answer = send(finch.post_basic(connections, &body)).await;
    assert_eq!(answer.error(), (400, "validation_error".to_owned()));
    assert_eq!(
        answer.json()["message"],
        "Invalid provider and authentication type pairing: justworks + api_token"
    );
    let answer = send(finch.post(connections).json(&json!({ "provider_id": "gusto" }))).await;
    assert_eq!(answer.json()["finch_code"], "invalid_client");
}
