//! The control API, seeds and the state.

use finch_emulator::{EmulatorConfig, Login};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Finch, SECRET, secret, step_1, step_3, step_4};

#[test]
fn codes_are_issued_and_the_clock_is_advanced_over_http() {
    let finch = Finch::start();
    let uri = "https://app.example/callback";
    let login = json!({
        "user": "User A", "provider": "Gusto", "company": "Company C", "credentials": "X",
        "products": ["company", "brand_new", "company"], "redirect_uri": uri, "customer_id": "acme",
        "entities": ["C West"], "favourite_colour": { "ignored": true },
    });
    let issue = || finch.post("/__emulator/codes").json(&login).send().json();
    let (answer, late) = (issue(), issue());
    assert_eq!(answer.as_object().unwrap().len(), 1);
    let token = finch.exchange(answer["code"].as_str().unwrap(), Some(uri)).json();
    assert_eq!(token["products"], json!(["company", "brand_new"]));
    assert_eq!(token["customer_id"], "acme");
    assert_eq!(token["entity_ids"].as_array().unwrap().len(), 2);
    let advance = json!({ "advance_seconds": 600 });
    let answer = finch.post("/__emulator/clock").json(&advance).send();
    assert_eq!((answer.status, answer.json()), (200, json!({ "now": "2026-01-01T00:10:00Z" })));
    assert_eq!(finch.exchange(late["code"].as_str().unwrap(), Some(uri)).status, 400);
}

#[test]
fn a_connection_is_ended_and_its_status_set_over_http() {
    let finch = Finch::start();
    let token = finch.connect(step_1());
    let id = &token["connection_id"];
    let set = json!({ "connection_id": id, "status": "reauth" });
    let status = || finch.post("/__emulator/status").json(&set).send();
    let end = || finch.post("/__emulator/disconnect").json(&json!({ "connection_id": id })).send();
    assert_eq!(status().status, 200);
    assert_eq!(finch.emulator.state().connections[0].status, "reauth");
    assert_eq!(end().status, 200);
    assert!(!finch.works(&token));
    for late in [end(), status()] {
        assert!(late.status == 400 && late.text.contains("`connection_id`"));
    }
    assert!(!finch.emulator.end_connection("nonsense"));
    assert_eq!(finch.emulator.state().calls["POST /disconnect"], 0);
}

#[test]
fn the_state_has_everything_but_secrets() {
    let finch = Finch::start();
    let one = finch.connect(step_1().customer_id("acme").products(["company"]));
    let four = finch.connect(step_4());
    finch.disconnect(&one);
    let waiting = finch.emulator.issue_code(step_3());
    let answer = finch.get("/__emulator/state").send();
    for secret in [secret(&one), secret(&four), &waiting, SECRET] {
        assert!(!answer.text.contains(secret));
    }
    let state = answer.json();
    assert_eq!(state, serde_json::to_value(finch.emulator.state()).unwrap());
    let fingerprint = Uuid::new_v5(&Uuid::NAMESPACE_OID, secret(&one).as_bytes()).simple();
    let mut first = state["tokens"][0].clone();
    assert!(first.as_object_mut().unwrap().remove("id").is_some());
    assert_eq!(
        first,
        json!({
            "fingerprint": fingerprint.to_string()[..16], "connection_id": one["connection_id"],
            "status": "revoked", "revoked": true, "customer_id": "acme", "user": "User A",
            "credentials": "Credentials X", "provider": "Gusto", "provider_id": "gusto",
            "company": "Company C", "company_id": one["company_id"], "products": ["company"],
            "most_calls_at_once": 1,
        })
    );
    let shown = finch.introspect(&four).json();
    assert_eq!(state["tokens"][1]["id"], shown["id"]);
    assert_eq!(state["tokens"][1]["status"], "active");
    assert_eq!(
        state["connections"],
        json!([
            { "connection_id": one["connection_id"], "status": "disconnected",
              "provider": "Gusto", "provider_id": "gusto", "company": "Company C",
              "company_id": one["company_id"], "most_calls_at_once": 1 },
            { "connection_id": four["connection_id"], "status": "connected",
              "provider": "JustWorks", "provider_id": "justworks", "company": "Company C",
              "company_id": one["company_id"], "most_calls_at_once": 0 },
        ])
    );
    assert_eq!((&state["codes"], &state["disconnect_scope"]), (&json!(1), &json!("pair")));
}

/// All ids and secrets of a short life.
fn life(finch: &Finch) -> Vec<Value> {
    let mut seen = Vec::new();
    for step in [step_1(), step_3(), step_4()] {
        let code = finch.emulator.issue_code(step);
        let answer = finch.exchange(&code, None);
        seen.push(code.into());
        seen.push(answer.header("finch-request-id").unwrap().into());
        let token = answer.json();
        seen.push(finch.introspect(&token).json()["id"].clone());
        seen.extend(["access_token", "connection_id", "account_id"].map(|it| token[it].clone()));
        finch.disconnect(&token);
    }
    seen.push(finch.session_id(&json!({})).into());
    seen
}

fn seeded(seed: u64) -> Finch {
    Finch::with(EmulatorConfig { seed: Some(seed), ..EmulatorConfig::default() })
}

#[test]
fn a_seed_determines_all_ids() {
    let first = life(&seeded(7));
    assert!((1..first.len()).all(|at| !first[at..].contains(&first[at - 1])));
    let finch = seeded(7);
    assert_eq!(life(&finch), first);
    finch.emulator.reset();
    assert_eq!(life(&finch), first);
    for other in [seeded(8), Finch::start()] {
        let other = life(&other);
        assert!(first.iter().all(|id| !other.contains(id)));
    }
}

#[test]
fn a_reset_forgets_everything() {
    let finch = Finch::start();
    let token = finch.connect(step_1().customer_id("acme"));
    let waiting = finch.emulator.issue_code(step_1());
    let fault = json!({ "path": "/introspect", "status": 500 });
    finch.post("/__emulator/faults").json(&fault).send();
    assert_eq!(finch.post("/__emulator/reset").send().status, 200);
    let state = finch.emulator.state();
    assert!(state.connections.is_empty() && state.tokens.is_empty() && state.faults.is_empty());
    assert!(state.codes == 0 && state.calls.values().all(|count| *count == 0));
    assert!(!finch.works(&token));
    assert_eq!(finch.exchange(&waiting, None).status, 400);
    assert_eq!(finch.session(&json!({})).status, 201);
}

#[test]
fn unused_codes_are_remembered_in_bounded_number() {
    let finch = Finch::start();
    for _ in 0..20_100 {
        let _ = finch.emulator.issue_code(Login::new("A", "B", "C", "D"));
    }
    assert_eq!(finch.emulator.state().codes, 20_000);
}
