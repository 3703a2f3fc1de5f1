//! The seed's scenario, in both readings of how far a disconnect reaches.

use finch_emulator::{DisconnectScope, Login};
use serde_json::{Value, json};

use crate::support::{Finch, send, step_1, step_2, step_3, step_4};

async fn play(scope: DisconnectScope) -> (Finch, [Value; 4]) {
    let finch = Finch::scoped(scope).await;
    let mut tokens = Vec::new();
    for step in [step_1(), step_2(), step_3(), step_4()] {
        tokens.push(finch.connect(step.customer_id("acme")).await);
    }
    (finch, tokens.try_into().unwrap())
}

#[tokio::test]
async fn pair_scope_makes_one_connection_that_dies_as_one() {
    for disconnected in 0..3 {
        let (finch, tokens) = play(DisconnectScope::Pair).await;
        let [one, two, three, four] = tokens.each_ref().map(|token| &token["connection_id"]);
        assert!(one == two && two == three && three != four);

        let answer = finch.disconnect(&tokens[disconnected]).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "success" })));
        for token in &tokens[..3] {
            assert!(!finch.works(token).await);
            assert_eq!(finch.disconnect(token).await.error(), (401, "invalid_token".to_owned()));
        }
        assert!(finch.works(&tokens[3]).await);
    }
}

#[tokio::test]
async fn connection_scope_keeps_other_credentials_apart() {
    let (finch, tokens) = play(DisconnectScope::Connection).await;
    let [one, two, three, four] = tokens.each_ref().map(|token| &token["connection_id"]);
    assert!(one == two && two != three && three != four && one != four);
    assert_eq!(tokens[0]["company_id"], tokens[2]["company_id"]);

    assert_eq!(finch.disconnect(&tokens[1]).await.status, 200);
    let mut works = Vec::new();
    for token in &tokens {
        works.push(finch.works(token).await);
    }
    assert_eq!(works, [false, false, true, true]);
}

#[tokio::test]
async fn another_provider_does_not_take_the_others_along() {
    let (finch, tokens) = play(DisconnectScope::Pair).await;
    assert_eq!(finch.disconnect(&tokens[3]).await.status, 200);
    for token in &tokens[..3] {
        assert!(finch.works(token).await);
    }
    assert!(!finch.works(&tokens[3]).await);
}

#[tokio::test]
async fn another_company_is_another_connection() {
    let finch = Finch::start().await;
    let here = finch.connect(step_1()).await;
    let there = finch.connect(Login::new("User A", "Gusto", "Company D", "Credentials X")).await;
    assert_ne!(here["connection_id"], there["connection_id"]);
    assert_ne!(here["company_id"], there["company_id"]);
    assert_eq!(finch.disconnect(&here).await.status, 200);
    assert!(finch.works(&there).await);
}

#[tokio::test]
async fn connecting_again_makes_a_new_connection_id() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope).await;
        let mut seen = Vec::new();
        for _ in 0..3 {
            let token = finch.connect(step_1()).await;
            assert!(!seen.contains(&token["connection_id"]));
            seen.push(token["connection_id"].clone());
            assert_eq!(finch.disconnect(&token).await.status, 200);
        }
        let state = finch.emulator.state();
        assert_eq!(state.connections.len(), 3);
        assert!(state.connections.iter().all(|connection| connection.status == "disconnected"));
        assert!(state.tokens.iter().all(|token| token.revoked && token.status == "revoked"));
    }
}

#[tokio::test]
async fn a_token_answer_has_every_field_of_the_description() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1().customer_id("acme").products(["company"])).await;
    let mut names: Vec<_> = token.as_object().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(
        names,
        [
            "access_token",
            "account_id",
            "client_type",
            "company_id",
            "connection_id",
            "connection_type",
            "customer_id",
            "customer_name",
            "entity_ids",
            "products",
            "provider_id",
            "token_type",
        ]
    );
    assert_eq!(token["token_type"], "bearer");
    assert_eq!(token["client_type"], "sandbox");
    assert_eq!(token["connection_type"], "provider");
    assert_eq!(token["provider_id"], "gusto");
    assert_eq!(token["products"], json!(["company"]));
    assert_eq!(token["customer_id"], "acme");
    assert_eq!(token["entity_ids"].as_array().unwrap().len(), 1);
    let nobodys = finch.connect(step_4()).await;
    assert_eq!(nobodys["customer_id"], Value::Null);
    assert_eq!(nobodys["customer_name"], Value::Null);
    assert_eq!(nobodys["products"], json!(["company", "directory", "employment", "individual"]));
}

#[tokio::test]
async fn introspect_has_every_field_of_the_description() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1().customer_id("acme")).await;
    let answer = finch.introspect(&token).await.json();
    for same in
        ["connection_id", "company_id", "account_id", "customer_id", "provider_id", "products"]
    {
        assert_eq!(answer[same], token[same], "{same}");
    }
    assert_ne!(answer["id"], token["access_token"]);
    assert_eq!(answer["id"].as_str().unwrap().len(), 36);
    assert_eq!(answer["client_id"], finch.emulator.client_id());
    assert_eq!(answer["client_type"], "sandbox");
    assert_eq!(answer["connection_type"], "provider");
    assert_eq!(answer["customer_name"], Value::Null);
    assert_eq!(answer["customer_email"], Value::Null);
    assert_eq!(answer["payroll_provider_id"], "gusto");
    assert_eq!(answer["username"], "User A");
    assert_eq!(answer["manual"], false);
    let status = &answer["connection_status"];
    assert_eq!(status["status"], "connected");
    assert!(status["last_successful_sync"].as_str().unwrap().ends_with('Z'));
    let method = &answer["authentication_methods"][0];
    assert_eq!((&method["type"], &method["connection_status"]), (&json!("credential"), status));
    let entity = json!({ "id": token["entity_ids"][0], "name": "Company C", "source_id": null,
                "status": "connected" });
    assert_eq!(answer["entities"], json!([entity]));
}

#[tokio::test]
async fn providers_are_found_however_they_are_written() {
    let finch = Finch::start().await;
    for (name, id) in [
        ("Gusto", "gusto"),
        (" gusto ", "gusto"),
        ("JustWorks", "justworks"),
        ("Just Works", "justworks"),
        ("ADP Run", "adp_run"),
        ("bamboo_hr", "bamboo_hr"),
        ("BambooHR", "bamboo_hr"),
        ("Acme HR, Inc.", "acme_hr_inc"),
        ("???", "???"),
    ] {
        let token = finch.connect(Login::new("User A", name, "Company C", "Credentials X")).await;
        assert_eq!(token["provider_id"], id);
    }
}

#[tokio::test]
async fn companies_keep_their_ids_in_every_run() {
    let mut ids = Vec::new();
    for name in ["Company C", " company c ", "COMPANY C"] {
        let finch = Finch::start().await;
        let token = finch.connect(Login::new("User A", "Gusto", name, "Credentials X")).await;
        ids.push(token["company_id"].clone());
    }
    assert!(ids.iter().all(|id| *id == ids[0]));
}

#[tokio::test]
async fn a_tokens_customer_is_its_own() {
    let finch = Finch::start().await;
    let one = finch.connect(step_1().customer_id("one")).await;
    let two = finch.connect(step_3().customer_id("two")).await;
    assert_eq!(one["connection_id"], two["connection_id"]);
    assert_eq!(finch.introspect(&one).await.json()["customer_id"], "one");
    assert_eq!(finch.introspect(&two).await.json()["customer_id"], "two");
}

#[tokio::test]
async fn providers_are_listed_with_or_without_a_token() {
    let finch = Finch::start().await;
    let listed = send(finch.get("/providers")).await.json();
    assert_eq!(send(finch.get("/providers").bearer_auth("whatever")).await.json(), listed);
    let providers = listed.as_array().unwrap();
    for id in [
        "gusto",
        "justworks",
        "adp_run",
        "bamboo_hr",
        "rippling",
        "quickbooks",
        "paychex_flex",
        "square_payroll",
        "workday",
        "zenefits",
    ] {
        let provider = providers.iter().find(|provider| provider["id"] == id).unwrap();
        assert!(provider["display_name"].is_string());
        assert!(!provider["products"].as_array().unwrap().is_empty());
        assert!(provider["mfa_required"].is_boolean());
        assert!(provider["authentication_methods"][0]["type"].is_string());
    }
}
