//! The three sandbox endpoints.

use finch_emulator::DisconnectScope;
use serde_json::{Value, json};

use crate::support::{Answer, Finch, step_1};

const CONNECTIONS: &str = "/sandbox/connections";
const ACCOUNTS: &str = "/sandbox/connections/accounts";

fn update(finch: &Finch, token: &Value, body: Value) -> Answer {
    finch.call("PUT", ACCOUNTS).token(token).json(&body).send()
}

#[test]
fn a_new_connection_is_a_new_company() {
    let finch = Finch::start();
    let body = json!({ "provider_id": "gusto", "products": ["company"], "employee_size": 50,
                       "authentication_type": "oauth" });
    let one = finch.post_basic(CONNECTIONS, &body).json();
    let two = finch.post_basic(CONNECTIONS, &json!({ "provider_id": "gusto" })).json();
    assert_ne!(one["connection_id"], two["connection_id"]);
    assert_ne!(one["company_id"], two["company_id"]);
    assert_eq!(one["token_type"], "bearer");
    assert_eq!(one["authentication_type"], "oauth");
    assert_eq!(one["entity_id"], one["account_id"]);
    assert_eq!(one["products"], json!(["company"]));
    assert_eq!(two["authentication_type"], "credential");
    assert_eq!(two["products"], json!(["company", "directory", "employment", "individual"]));
    assert!(finch.works(&one) && finch.works(&two));
}

#[test]
fn a_new_account_is_another_login_at_the_same_company() {
    for (scope, same) in [(DisconnectScope::Pair, true), (DisconnectScope::Connection, false)] {
        let finch = Finch::scoped(scope);
        let token = finch.connect(step_1());
        let body = json!({ "provider_id": "gusto", "company_id": token["company_id"] });
        let account = finch.post_basic(ACCOUNTS, &body).json();
        assert!(account.get("token_type").is_none());
        assert_eq!(account["company_id"], token["company_id"]);
        assert_eq!(account["connection_id"] == token["connection_id"], same);
        assert_eq!(finch.disconnect(&token).status, 200);
        assert_eq!(finch.works(&account), !same);
    }
}

#[test]
fn a_provider_must_offer_the_authentication_type_and_the_client_be_known() {
    let finch = Finch::start();
    let body = json!({ "provider_id": "justworks", "authentication_type": "api_token" });
    let answer = finch.post_basic(CONNECTIONS, &body);
    assert_eq!(answer.error(), (400, "validation_error".to_owned()));
    let message = "Invalid provider and authentication type pairing: justworks + api_token";
    assert_eq!(answer.json()["message"], message);
    let answer = finch.post(CONNECTIONS).json(&json!({ "provider_id": "gusto" })).send();
    assert_eq!(answer.json()["finch_code"], "invalid_client");
}

#[test]
fn a_status_can_be_set_and_lasts_until_the_next_login() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let status = || finch.introspect(&token).json()["connection_status"].clone();
    for set in ["pending", "processing", "error_no_account_setup", "error_permissions", "reauth"] {
        let answer = update(&finch, &token, json!({ "connection_status": set }));
        assert_eq!(answer.status, 200);
        assert_eq!(answer.json()["connection_id"], token["connection_id"]);
        assert!(answer.json().get("access_token").is_none());
        assert!(status()["status"] == set && status()["message"].is_string());
    }
    assert_eq!(update(&finch, &token, json!({})).status, 200);
    let bad = update(&finch, &token, json!({ "connection_status": "disconnected" }));
    assert_eq!(bad.error(), (400, "invalid_request".to_owned()));
    assert_eq!(status()["status"], "reauth");
    finch.connect(step_1());
    assert_eq!(status()["status"], "connected");
}
