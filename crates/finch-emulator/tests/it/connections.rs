//! Which tokens are one connection, and what describes them.

use finch_emulator::{DisconnectScope, Login};
use serde_json::{Value, json};

use crate::support::{Finch, step_1, step_3, step_4};

/// The seed's scenario, and a login at another company: for each token that is disconnected, which others work.
#[test]
fn a_disconnect_ends_its_connection_and_no_other() {
    for (scope, disconnected, together) in [
        (DisconnectScope::Pair, 0, &[0, 1, 2][..]),
        (DisconnectScope::Pair, 1, &[0, 1, 2]),
        (DisconnectScope::Pair, 2, &[0, 1, 2]),
        (DisconnectScope::Pair, 3, &[3]),
        (DisconnectScope::Pair, 4, &[4]),
        (DisconnectScope::Connection, 1, &[0, 1]),
        (DisconnectScope::Connection, 2, &[2]),
    ] {
        let finch = Finch::scoped(scope);
        let again = step_1().products(["company", "payment"]);
        let other = Login::new("User A", "Gusto", "Company D", "Credentials X");
        let steps = [step_1(), again, step_3(), step_4(), other];
        let tokens = steps.map(|step| finch.connect(step.customer_id("acme")));
        let company = |at: usize| &tokens[at]["company_id"];
        assert!(company(0) == company(2) && company(2) == company(3) && company(3) != company(4));
        let answer = finch.disconnect(&tokens[disconnected]);
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": "success" })));
        for (at, token) in tokens.iter().enumerate() {
            let is_ended = together.contains(&at);
            let same = token["connection_id"] == tokens[disconnected]["connection_id"];
            assert_eq!((same, finch.works(token)), (is_ended, !is_ended), "{disconnected} {at}");
            if is_ended {
                assert_eq!(finch.disconnect(token).error(), (401, "invalid_token".to_owned()));
            }
        }
    }
}

#[test]
fn connecting_again_makes_a_new_connection_id() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope);
        let mut seen = Vec::new();
        for _ in 0..3 {
            let token = finch.connect(step_1());
            assert!(!seen.contains(&token["connection_id"]));
            seen.push(token["connection_id"].clone());
            assert_eq!(finch.disconnect(&token).status, 200);
        }
        let state = finch.emulator.state();
        assert_eq!(state.connections.len(), 3);
        assert!(state.connections.iter().all(|connection| connection.status == "disconnected"));
        assert!(state.tokens.iter().all(|token| token.revoked && token.status == "revoked"));
    }
}

#[test]
fn both_responses_have_every_field_of_the_description() {
    let finch = Finch::start();
    let token = finch.connect(step_1().customer_id("acme").products(["company"]));
    let mut rest = token.clone();
    let fields = rest.as_object_mut().unwrap();
    assert_eq!(fields.remove("entity_ids").unwrap().as_array().unwrap().len(), 1);
    for id in ["access_token", "account_id", "company_id", "connection_id"] {
        assert_eq!(fields.remove(id).unwrap().as_str().unwrap().len(), 36, "{id}");
    }
    let expected = json!({
        "client_type": "sandbox", "connection_type": "provider", "customer_id": "acme",
        "customer_name": null, "products": ["company"], "provider_id": "gusto",
        "token_type": "bearer",
    });
    assert_eq!(rest, expected);
    let other = finch.connect(step_4());
    assert_eq!(other["customer_id"], Value::Null);
    assert_eq!(other["products"], json!(["company", "directory", "employment", "individual"]));

    let mut shown = finch.introspect(&token).json();
    let status = shown["connection_status"].clone();
    let synced = status["last_successful_sync"].as_str().unwrap();
    assert!(synced.ends_with('Z'));
    assert_eq!(status, json!({ "status": "connected", "last_successful_sync": synced }));
    let products = &token["products"];
    let method = json!({ "type": "credential", "connection_status": status, "products": products });
    let entity = json!({ "id": token["entity_ids"][0], "name": "Company C", "source_id": null,
                         "status": "connected" });
    let id = shown.as_object_mut().unwrap().remove("id").unwrap();
    assert!(id != token["access_token"] && id.as_str().unwrap().len() == 36);
    let expected = json!({
        "connection_id": token["connection_id"], "connection_status": status,
        "client_id": finch.emulator.client_id(), "client_type": "sandbox",
        "connection_type": "provider", "company_id": token["company_id"],
        "account_id": token["account_id"], "customer_id": "acme", "customer_name": null,
        "customer_email": null, "authentication_methods": [method], "products": products,
        "username": "User A", "provider_id": "gusto", "payroll_provider_id": "gusto",
        "manual": false, "entities": [entity],
    });
    assert_eq!(shown, expected);
}

#[test]
fn providers_and_companies_are_known_in_any_spelling() {
    let finch = Finch::start();
    for (name, id) in [
        (" gusto ", "gusto"),
        ("JustWorks", "justworks"),
        ("Just Works", "justworks"),
        ("ADP Run", "adp_run"),
        ("bamboo_hr", "bamboo_hr"),
        ("BambooHR", "bamboo_hr"),
        ("Acme HR, Inc.", "acme_hr_inc"),
        ("???", "???"),
    ] {
        let token = finch.connect(Login::new("User A", name, "Company C", "Credentials X"));
        assert_eq!(token["provider_id"], id);
    }
    // In every run, too.
    let ids = ["Company C", " company c ", "COMPANY C"].map(|name| {
        let token = Finch::start().connect(Login::new("User A", "Gusto", name, "X"));
        token["company_id"].clone()
    });
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[test]
fn providers_are_listed_with_or_without_a_token() {
    let finch = Finch::start();
    let listed = finch.get("/providers").send().json();
    assert_eq!(finch.get("/providers").bearer_auth("anything").send().json(), listed);
    let listed = listed.as_array().unwrap();
    for known in ["gusto", "justworks", "adp_run", "bamboo_hr", "quickbooks", "workday"] {
        assert!(listed.iter().any(|provider| provider["id"] == known), "{known}");
    }
    for provider in listed {
        assert!(provider["display_name"].is_string() && provider["mfa_required"].is_boolean());
        assert!(!provider["products"].as_array().unwrap().is_empty());
        assert!(provider["authentication_methods"][0]["type"].is_string());
        assert_eq!(provider["beta"], provider["id"] == "deel");
    }
}
