//! `POST /disconnect-entity`: some of a connection's entities end, the others and the token stay.

use finch_emulator::{DisconnectScope, Login};
use serde_json::{Value, json};

use crate::{
    receiver::Receiver,
    support::{Answer, Finch, send, step_1, step_3},
};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";

fn three() -> Login {
    step_1().entities(["Company C West", " company c ", " ", "Company C East", "COMPANY C WEST"])
}

async fn disconnect_entity(finch: &Finch, token: &Value, body: &Value) -> Answer {
    let token = token["access_token"].as_str().unwrap();
    send(finch.post("/disconnect-entity").bearer_auth(token).json(body)).await
}

/// The names of the entities and their statuses, as `/introspect` shows them.
async fn entities(finch: &Finch, token: &Value) -> Vec<(String, String)> {
    let shown = finch.introspect(token).await.json();
    let text = |entity: &Value, name: &str| entity[name].as_str().unwrap().to_owned();
    let listed = shown["entities"].as_array().unwrap().iter();
    listed.map(|entity| (text(entity, "name"), text(entity, "status"))).collect()
}

fn statuses(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, status)| ((*name).to_owned(), (*status).to_owned())).collect()
}

#[tokio::test]
async fn a_disconnected_entity_leaves_the_others_and_the_token() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope).await;
        let token = finch.connect(three()).await;
        let ids = token["entity_ids"].as_array().unwrap();
        assert_eq!((ids.len(), &ids[0]), (3, &token["account_id"]));
        let answer =
            disconnect_entity(&finch, &token, &json!({ "entity_ids": [ids[1], ids[1]] })).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (200, json!({ "status": "success" })));
        let expected = [
            ("Company C", "connected"),
            ("Company C West", "disconnected"),
            ("Company C East", "connected"),
        ];
        assert_eq!(entities(&finch, &token).await, statuses(&expected));
        let shown = finch.introspect(&token).await.json();
        assert_eq!(shown["connection_status"]["status"], "connected");
        // Another login names the entities that its token can read.
        let again = finch.connect(step_1()).await;
        assert_eq!(again["entity_ids"], json!([ids[0], ids[2]]));
        assert!(finch.emulator.set_status(token["connection_id"].as_str().unwrap(), "reauth"));
        let expected = [
            ("Company C", "reauth"),
            ("Company C West", "disconnected"),
            ("Company C East", "reauth"),
        ];
        assert_eq!(entities(&finch, &token).await, statuses(&expected));
        // A lost answer may be asked for again.
        let again = disconnect_entity(&finch, &token, &json!({ "entity_ids": [ids[1]] })).await;
        assert_eq!(again.status, 200);
    }
}

#[tokio::test]
async fn without_an_entity_the_connection_lives_until_it_is_disconnected() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1().customer_id("acme")).await;
    let answer =
        disconnect_entity(&finch, &token, &json!({ "entity_ids": token["entity_ids"] })).await;
    assert_eq!(answer.status, 200);
    assert_eq!(entities(&finch, &token).await, statuses(&[("Company C", "disconnected")]));
    let state = finch.emulator.state();
    assert_eq!(
        (state.connections[0].status.as_str(), state.tokens[0].revoked),
        ("connected", false)
    );
    assert_eq!(finch.disconnect(&token).await.status, 200);
    let late =
        disconnect_entity(&finch, &token, &json!({ "entity_ids": token["entity_ids"] })).await;
    assert_eq!(late.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn a_renewal_brings_the_entities_back() {
    let finch = Finch::start().await;
    let token = finch.connect(three()).await;
    let body = json!({ "entity_ids": token["entity_ids"] });
    assert_eq!(disconnect_entity(&finch, &token, &body).await.status, 200);
    let body =
        json!({ "connection_id": token["connection_id"], "redirect_uri": "https://app.example/" });
    let session = send(finch.post_basic("/connect/sessions/reauthenticate", &body)).await.json();
    let form =
        [("session", session["session_id"].as_str().unwrap()), ("user", "A"), ("credentials", "X")];
    let end = send(finch.post("/authorize").form(&form)).await;
    let code = end.header("location").unwrap().split_once("code=").unwrap().1;
    let renewed = finch.exchange(code, Some("https://app.example/")).await.json();
    assert_eq!(renewed["connection_id"], token["connection_id"]);
    assert_eq!(renewed["entity_ids"], token["entity_ids"]);
    assert!(entities(&finch, &renewed).await.iter().all(|(_, status)| status == "connected"));
}

#[tokio::test]
async fn an_entity_of_another_connection_is_not_found_and_nothing_is_disconnected() {
    let finch = Finch::scoped(DisconnectScope::Connection).await;
    let token = finch.connect(three()).await;
    let other = finch.connect(step_3()).await;
    let unknown = "3c90c3cc-0d44-4b50-8888-8dd25736052a";
    let ids = json!([token["entity_ids"][0], other["entity_ids"][0], unknown]);
    let answer = disconnect_entity(&finch, &token, &json!({ "entity_ids": ids })).await;
    let error = |id: &Value| json!({ "entityId": id, "error": "NOT_FOUND" });
    let errors = json!({ "errors": [error(&other["entity_ids"][0]), error(&json!(unknown))] });
    assert_eq!((answer.status.as_u16(), answer.json()), (400, errors));
    for token in [&token, &other] {
        assert!(entities(&finch, token).await.iter().all(|(_, status)| status == "connected"));
    }
}

#[tokio::test]
async fn bad_entity_ids_get_finchs_very_words_after_the_token_is_checked() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let id = token["entity_ids"][0].as_str().unwrap();
    let words = json!({
        "statusCode": 400, "status": 400, "code": 400, "name": "BadRequestError",
        "message": "entity_ids must be a non-empty array of UUIDs.",
    });
    for ids in [
        json!(null),
        json!([]),
        json!(id),
        json!([id, 1]),
        json!([id, "acme"]),
        json!([id.replace('-', "")]),
        json!([null]),
        json!({ "0": id }),
    ] {
        let answer = disconnect_entity(&finch, &token, &json!({ "entity_ids": ids })).await;
        assert_eq!((answer.status.as_u16(), answer.json()), (400, words.clone()), "{ids}");
    }
    for body in ["", "{", "[]", "{}"] {
        let bearer = token["access_token"].as_str().unwrap();
        let call = finch.post("/disconnect-entity").bearer_auth(bearer).body(body);
        assert_eq!(send(call).await.json(), words, "{body}");
    }
    assert_eq!(entities(&finch, &token).await, statuses(&[("Company C", "connected")]));
    let none = send(finch.post("/disconnect-entity").body("{")).await;
    assert_eq!(none.error(), (401, "unauthorized_request".to_owned()));
    let unknown = send(finch.post("/disconnect-entity").bearer_auth("unknown").body("{")).await;
    assert_eq!(unknown.error(), (401, "invalid_token".to_owned()));
}

#[tokio::test]
async fn each_disconnected_entity_is_announced_once() {
    let finch = Finch::start().await;
    let mut receiver = Receiver::start(&[]).await;
    finch.emulator.webhooks_to(&receiver.url, SECRET).unwrap();
    let token = finch.connect(three()).await;
    let ids = &token["entity_ids"];
    for body in [json!({ "entity_ids": [ids[2]] }), json!({ "entity_ids": [ids[2], ids[0]] })] {
        assert_eq!(disconnect_entity(&finch, &token, &body).await.status, 200);
    }
    for id in [&ids[2], &ids[0]] {
        let event: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
        assert_eq!((&event["event_type"], &event["entity_id"]), (&json!("account.updated"), id));
        assert_eq!(event["connection_id"], token["connection_id"]);
        assert_eq!(event["data"]["status"], "disconnected");
    }
    assert_eq!(finch.emulator.webhook_deliveries().len(), 2);
}

#[tokio::test]
async fn the_control_api_names_entities() {
    let finch = Finch::start().await;
    let login = json!({ "user": "A", "provider": "Gusto", "company": "C", "credentials": "X",
                        "entities": ["C West"] });
    let code = send(finch.post("/__emulator/codes").json(&login)).await.json();
    let token = finch.exchange(code["code"].as_str().unwrap(), None).await.json();
    assert_eq!(token["entity_ids"].as_array().unwrap().len(), 2);
}
