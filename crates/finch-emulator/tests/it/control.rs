//! The control API, seeds and the state.

use finch_emulator::Login;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Finch, send, step_1, step_3, step_4};

fn login() -> Value {
    json!({ "user": "User A", "provider": "Gusto", "company": "Company C",
            "credentials": "Credentials X" })
}

#[tokio::test]
async fn codes_are_issued_over_http() {
    let finch = Finch::start().await;
    let mut body = login();
    body["products"] = json!(["company", "brand_new"]);
    body["redirect_uri"] = "https://app.example/callback".into();
    body["customer_id"] = "acme".into();
    body["favourite_colour"] = json!({ "ignored": true });
    let answer = send(finch.post("/__emulator/codes").json(&body)).await;
    assert_eq!(answer.status, 200);
    let answer = answer.json();
    assert_eq!(answer.as_object().unwrap().len(), 1);
    let code = answer["code"].as_str().unwrap();
    let token = finch.exchange(code, Some("https://app.example/callback")).await.json();
    assert_eq!(token["products"], json!(["company", "brand_new"]));
    assert_eq!(token["customer_id"], "acme");
    assert_eq!(token["customer_name"], Value::Null);
}

#[tokio::test]
async fn a_bad_login_names_the_field() {
    let finch = Finch::start().await;
    for field in ["user", "provider", "company", "credentials"] {
        for value in [Value::Null, json!(""), json!(" "), json!(7), json!(["x"])] {
            let mut body = login();
            body[field] = value.clone();
            let answer = send(finch.post("/__emulator/codes").json(&body)).await;
            assert_eq!(answer.error(), (400, "invalid_request".to_owned()));
            assert!(answer.text.contains(&format!("`{field}`")), "{field} {value}");
        }
    }
    for (field, value) in [
        ("products", json!("company")),
        ("products", json!([1])),
        ("redirect_uri", json!(1)),
        ("redirect_uri", json!("")),
        ("customer_id", json!(1)),
    ] {
        let mut body = login();
        body[field] = value;
        let answer = send(finch.post("/__emulator/codes").json(&body)).await;
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains(&format!("`{field}`")));
    }
    assert_eq!(send(finch.post("/__emulator/codes")).await.status, 400);
    assert_eq!(finch.emulator.state().codes, 0);
}

#[tokio::test]
async fn the_state_tells_everything_but_secrets() {
    let finch = Finch::start().await;
    let one = finch.connect(step_1().customer_id("acme").products(["company"])).await;
    let four = finch.connect(step_4()).await;
    finch.disconnect(&one).await;
    let waiting = finch.emulator.issue_code(step_3());
    let answer = send(finch.get("/__emulator/state")).await;
    for secret in [
        one["access_token"].as_str().unwrap(),
        four["access_token"].as_str().unwrap(),
        waiting.as_str(),
        finch.emulator.client_secret(),
    ] {
        assert!(!answer.text.contains(secret));
    }
    let state = answer.json();
    assert_eq!(state, serde_json::to_value(finch.emulator.state()).unwrap());
    let secret = one["access_token"].as_str().unwrap();
    let fingerprint = Uuid::new_v5(&Uuid::NAMESPACE_OID, secret.as_bytes()).simple().to_string();
    let mut first = state["tokens"][0].clone();
    assert!(first.as_object_mut().unwrap().remove("id").is_some());
    assert_eq!(
        first,
        json!({
            "fingerprint": fingerprint[..16], "connection_id": one["connection_id"],
            "status": "revoked", "revoked": true, "customer_id": "acme", "user": "User A",
            "credentials": "Credentials X", "provider": "Gusto", "provider_id": "gusto",
            "company": "Company C", "company_id": one["company_id"], "products": ["company"],
            "most_calls_at_once": 1,
        })
    );
    let shown = finch.introspect(&four).await.json();
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

#[tokio::test]
async fn calls_are_counted() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    finch.introspect(&token).await;
    finch.introspect(&token).await;
    send(finch.get("/employer/company")).await;
    send(finch.get("/disconnect")).await;
    let calls = finch.emulator.state().calls;
    assert_eq!(calls["POST /auth/token"], 1);
    assert_eq!(calls["GET /introspect"], 2);
    assert_eq!(calls["POST /disconnect"], 0);
    assert_eq!(calls["other"], 2);
}

#[tokio::test]
async fn the_clock_can_be_moved_on() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    for bad in [json!({}), json!({ "advance_seconds": -1 }), json!({ "advance_seconds": 1e300 })] {
        let answer = send(finch.post("/__emulator/clock").json(&bad)).await;
        assert!(answer.status == 400 && answer.text.contains("`advance_seconds`"));
    }
    let body = json!({ "advance_seconds": 600 });
    let answer = send(finch.post("/__emulator/clock").json(&body)).await;
    assert!(answer.status == 200 && answer.json()["now"].is_string());
    assert_eq!(finch.exchange(&code, None).await.status, 400);
}

/// All ids and secrets that a short life brings forth.
async fn life(finch: &Finch) -> Vec<Value> {
    let mut seen = Vec::new();
    for step in [step_1(), step_3(), step_4()] {
        let code = finch.emulator.issue_code(step);
        let answer = finch.exchange(&code, None).await;
        seen.push(code.into());
        seen.push(answer.header("finch-request-id").unwrap().into());
        let token = answer.json();
        seen.push(finch.introspect(&token).await.json()["id"].clone());
        seen.extend(
            ["access_token", "connection_id", "account_id"].map(|field| token[field].clone()),
        );
        finch.disconnect(&token).await;
    }
    let body = json!({ "customer_id": "a", "customer_name": "A", "products": [] });
    seen.push(finch.session(&body).await.json()["session_id"].clone());
    seen
}

#[tokio::test]
async fn a_seed_makes_everything_come_again() {
    let first = life(&Finch::seeded(7).await).await;
    assert!((1..first.len()).all(|at| !first[at..].contains(&first[at - 1])));
    let finch = Finch::seeded(7).await;
    assert_eq!(life(&finch).await, first);
    finch.emulator.reset();
    assert_eq!(life(&finch).await, first);
    let other = life(&Finch::seeded(8).await).await;
    assert!(first.iter().all(|id| !other.contains(id)));
    let (random, again) = (life(&Finch::start().await).await, life(&Finch::start().await).await);
    assert!(random.iter().all(|id| !again.contains(id)));
}

#[tokio::test]
async fn a_reset_forgets_everything() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1().customer_id("acme")).await;
    let waiting = finch.emulator.issue_code(step_1());
    let fault = json!({ "path": "/introspect", "status": 500 });
    send(finch.post("/__emulator/faults").json(&fault)).await;
    assert_eq!(send(finch.post("/__emulator/reset")).await.status, 200);
    let state = finch.emulator.state();
    assert!(state.connections.is_empty() && state.tokens.is_empty() && state.faults.is_empty());
    assert!(state.codes == 0 && state.calls.values().all(|count| *count == 0));
    assert!(!finch.works(&token).await);
    assert_eq!(finch.exchange(&waiting, None).await.status, 400);
    let acme = json!({ "customer_id": "acme", "customer_name": "A", "products": ["company"] });
    assert_eq!(finch.session(&acme).await.status, 201);
}

#[tokio::test]
async fn unused_codes_are_remembered_in_bounded_number() {
    let finch = Finch::start().await;
    for _ in 0..20_100 {
        let _ = finch.emulator.issue_code(Login::new("A", "B", "C", "D"));
    }
    assert_eq!(finch.emulator.state().codes, 20_000);
}
