//! `POST /disconnect-entity`: some of a connection's entities end, the others and the token stay.

use finch_emulator::{DisconnectScope, Login};
use serde_json::{Value, json};

use crate::support::{Answer, Finch, step_1, step_3};

fn three() -> Login {
    step_1().entities(["Company C West", " company c ", " ", "Company C East", "COMPANY C WEST"])
}

fn disconnect_entity(finch: &Finch, token: &Value, ids: &Value) -> Answer {
    finch.post("/disconnect-entity").token(token).json(&json!({ "entity_ids": ids })).send()
}

/// The statuses of the entities in `/introspect`.
fn statuses(finch: &Finch, token: &Value) -> Vec<Value> {
    let shown = finch.introspect(token).json();
    shown["entities"].as_array().unwrap().iter().map(|entity| entity["status"].clone()).collect()
}

#[test]
fn a_disconnected_entity_leaves_the_others_and_the_token() {
    for scope in [DisconnectScope::Pair, DisconnectScope::Connection] {
        let finch = Finch::scoped(scope);
        let token = finch.connect(three());
        let ids = token["entity_ids"].as_array().unwrap();
        assert_eq!((ids.len(), &ids[0]), (3, &token["account_id"]));
        let answer = disconnect_entity(&finch, &token, &json!([ids[1], ids[1]]));
        assert_eq!((answer.status, answer.json()), (200, json!({ "status": "success" })));
        assert_eq!(statuses(&finch, &token), ["connected", "disconnected", "connected"]);
        let shown = finch.introspect(&token).json();
        assert_eq!(shown["connection_status"]["status"], "connected");
        let names = ["Company C", "Company C West", "Company C East"];
        assert!((0..3).all(|at| shown["entities"][at]["name"] == names[at]));
        // Another login has the entities that its token can read.
        assert_eq!(finch.connect(step_1())["entity_ids"], json!([ids[0], ids[2]]));
        assert!(finch.emulator.set_status(token["connection_id"].as_str().unwrap(), "reauth"));
        assert_eq!(statuses(&finch, &token), ["reauth", "disconnected", "reauth"]);
        // After a lost response the request can be repeated.
        assert_eq!(disconnect_entity(&finch, &token, &json!([ids[1]])).status, 200);
    }
}

#[test]
fn without_an_entity_the_connection_lives_until_it_is_renewed_or_disconnected() {
    let finch = Finch::start();
    let token = finch.connect(three());
    assert_eq!(disconnect_entity(&finch, &token, &token["entity_ids"]).status, 200);
    assert_eq!(statuses(&finch, &token), ["disconnected"; 3]);
    let state = finch.emulator.state();
    assert!(state.connections[0].status == "connected" && !state.tokens[0].revoked);
    let session = finch.renewal(&token);
    let form = [("session", session.as_str()), ("user", "A"), ("credentials", "X")];
    let renewed = finch.exchange(finch.submit(&form).code(), None).json();
    for field in ["connection_id", "entity_ids"] {
        assert_eq!(renewed[field], token[field]);
    }
    assert_eq!(statuses(&finch, &renewed), ["connected"; 3]);
    assert_eq!(finch.disconnect(&token).status, 200);
    let late = disconnect_entity(&finch, &token, &token["entity_ids"]);
    assert_eq!(late.error(), (401, "invalid_token".to_owned()));
}

#[test]
fn what_is_not_found_or_invalid_disconnects_nothing_and_a_token_is_checked_first() {
    let finch = Finch::scoped(DisconnectScope::Connection);
    let (token, other) = (finch.connect(three()), finch.connect(step_3()));
    let unknown = json!("3c90c3cc-0d44-4b50-8888-8dd25736052a");
    let (id, theirs) = (token["entity_ids"][0].as_str().unwrap(), &other["entity_ids"][0]);
    let answer = disconnect_entity(&finch, &token, &json!([id, theirs, unknown]));
    let error = |id: &Value| json!({ "entityId": id, "error": "NOT_FOUND" });
    let errors = json!({ "errors": [error(theirs), error(&unknown)] });
    assert_eq!((answer.status, answer.json()), (400, errors));
    let words = json!({
        "statusCode": 400, "status": 400, "code": 400, "name": "BadRequestError",
        "message": "entity_ids must be a non-empty array of UUIDs.",
    });
    let short = json!([id.replace('-', "")]);
    let lists = [json!([]), json!([id, 1]), json!([id, "acme"]), json!([null]), short];
    for ids in lists.into_iter().chain([json!(null), json!(id), json!({ "0": id })]) {
        let answer = disconnect_entity(&finch, &token, &ids);
        assert_eq!((answer.status, answer.json()), (400, words.clone()), "{ids}");
    }
    let call = || finch.post("/disconnect-entity");
    for body in ["", "{", "[]", "{}"] {
        assert_eq!(call().token(&token).body(body).send().json(), words, "{body}");
    }
    for token in [&token, &other] {
        assert!(statuses(&finch, token).iter().all(|status| status == "connected"));
    }
    assert_eq!(call().body("{").send().error(), (401, "unauthorized_request".to_owned()));
    let unknown = call().bearer_auth("unknown").body("{").send();
    assert_eq!(unknown.error(), (401, "invalid_token".to_owned()));
}

#[test]
fn each_disconnected_entity_is_announced_once() {
    let finch = Finch::with_webhooks();
    let token = finch.connect(three());
    let ids = &token["entity_ids"];
    for ids in [json!([ids[2]]), json!([ids[2], ids[0]])] {
        assert_eq!(disconnect_entity(&finch, &token, &ids).status, 200);
    }
    let deliveries = finch.emulator.webhook_deliveries();
    assert_eq!(deliveries.len(), 2);
    for (delivery, id) in deliveries.iter().zip([&ids[2], &ids[0]]) {
        let event: Value = serde_json::from_str(&delivery.body).unwrap();
        assert_eq!((&event["event_type"], &event["entity_id"]), (&json!("account.updated"), id));
        assert_eq!(event["connection_id"], token["connection_id"]);
        assert_eq!(event["data"]["status"], "disconnected");
    }
}
