//! How a session lets people sign in: `manual` and `integration.auth_method`.

use finch_emulator::Login;
use serde_json::{Value, json};

use crate::support::{Answer, Finch, send};

async fn session(finch: &Finch, customer: &str, more: &Value) -> Answer {
    let mut body =
        json!({ "customer_id": customer, "customer_name": "Acme", "products": ["company"] });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    finch.session(&body).await
}

/// The form in one call; its answer.
async fn submit(finch: &Finch, session: &Answer, provider: &str) -> Answer {
    let session = session.json()["session_id"].as_str().unwrap().to_owned();
    let form = [
        ("session", session.as_str()),
        ("provider", provider),
        ("company", "C"),
        ("user", "A"),
        ("credentials", "X"),
        ("action", "connect"),
    ];
    send(finch.post("/authorize").form(&form)).await
}

/// What `/introspect` says of a token that this session leads to.
async fn introspected(finch: &Finch, session: &Answer, provider: &str) -> (String, bool) {
    let end = submit(finch, session, provider).await;
    assert_eq!(end.status, 200, "{}", end.text);
    let code = end.text.split_once("<code>").unwrap().1.split('<').next().unwrap();
    let token = finch.exchange(code, None).await.json();
    let shown = finch.introspect(&token).await.json();
    let methods = shown["authentication_methods"].as_array().unwrap();
    assert_eq!(methods.len(), 1);
    (methods[0]["type"].as_str().unwrap().to_owned(), shown["manual"].as_bool().unwrap())
}

#[tokio::test]
async fn the_session_decides_how_a_person_signs_in() {
    let finch = Finch::start().await;
    let gusto =
        |method: &str| json!({ "integration": { "provider": "gusto", "auth_method": method } });
    for (number, (more, provider, method)) in [
        (json!({}), "gusto", "credential"),
        (json!({ "manual": false }), "gusto", "credential"),
        (json!({}), "adp_workforce_now", "api_token"),
        (json!({}), "Tiny Pay", "credential"),
        (json!({ "integration": { "provider": "gusto" } }), "", "credential"),
        (json!({ "integration": { "provider": "gusto", "auth_method": null } }), "", "credential"),
        (gusto("oauth"), "", "oauth"),
        (gusto("credential"), "", "credential"),
        (gusto("assisted"), "", "assisted"),
        (json!({ "manual": true }), "gusto", "assisted"),
        (json!({ "manual": true }), "Tiny Pay", "assisted"),
        (json!({ "manual": true, "integration": { "provider": "ADP Run" } }), "", "assisted"),
        (
            json!({ "manual": true, "integration": gusto("assisted")["integration"] }),
            "",
            "assisted",
        ),
        (
            json!({ "integration": { "provider": "tiny", "auth_method": "api_token" } }),
            "",
            "api_token",
        ),
    ]
    .into_iter()
    .enumerate()
    {
        let session = session(&finch, &number.to_string(), &more).await;
        assert_eq!(session.status, 201, "{more}");
        let expected = (method.to_owned(), method == "assisted");
        assert_eq!(introspected(&finch, &session, provider).await, expected, "{more} {provider}");
    }
}

#[tokio::test]
async fn what_does_not_go_together_is_a_validation_error() {
    let finch = Finch::start().await;
    let of = |provider: &str, method: &str| json!({ "provider": provider, "auth_method": method });
    for (more, pairing) in [
        (json!({ "integration": of("justworks", "api_token") }), "provider: justworks + api_token"),
        (json!({ "integration": of("Gusto", "api_token") }), "provider: gusto + api_token"),
        (json!({ "integration": of("bamboo_hr", "assisted") }), "provider: bamboo_hr + assisted"),
        (json!({ "integration": of("deel", "oauth"), "manual": false }), "provider: deel + oauth"),
        (
            json!({ "integration": { "provider": "workday" }, "manual": true }),
            "provider: workday + assisted",
        ),
        (json!({ "integration": of("gusto", "oauth"), "manual": true }), "manual: true + oauth"),
        (
            json!({ "integration": of("tiny", "credential"), "manual": true }),
            "manual: true + credential",
        ),
    ] {
        let answer = session(&finch, "acme", &more).await;
        let (field, pair) = pairing.split_once(": ").unwrap();
        let words = json!({
            "code": 400, "name": "validation_error", "finch_code": "invalid_request", "context": {},
            "message": format!("Invalid {field} and authentication type pairing: {pair}"),
        });
        assert_eq!((answer.status.as_u16(), answer.json()), (400, words), "{more}");
    }
    assert_eq!(finch.emulator.state().sessions, 0);
}

#[tokio::test]
async fn a_provider_without_the_sessions_method_is_not_offered() {
    let finch = Finch::start().await;
    let manual = session(&finch, "acme", &json!({ "manual": true })).await;
    let id = manual.json()["session_id"].as_str().unwrap().to_owned();
    let page = send(finch.get("/authorize").query(&[("session", id.as_str())])).await;
    assert!(page.text.contains("Gusto") && !page.text.contains("BambooHR"));
    let refused = submit(&finch, &manual, "BambooHR").await;
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("does not offer") && refused.text.contains("Choose a provider"));
    assert_eq!(introspected(&finch, &manual, "Gusto").await, ("assisted".to_owned(), true));
}

#[tokio::test]
async fn connect_shows_the_method_and_a_renewal_keeps_it() {
    let finch = Finch::start().await;
    let asked = json!({ "integration": { "provider": "gusto", "auth_method": "oauth" } });
    let session = session(&finch, "acme", &asked).await;
    let id = session.json()["session_id"].as_str().unwrap().to_owned();
    let page = send(finch.get("/authorize").query(&[("session", id.as_str())])).await;
    assert!(page.text.contains("Authentication method: <code>oauth</code>"), "{}", page.text);
    assert_eq!(introspected(&finch, &session, "").await.0, "oauth");
    let body = json!({ "connection_id": finch.emulator.state().connections[0].connection_id });
    let renewal = send(finch.post_basic("/connect/sessions/reauthenticate", &body)).await;
    let id = renewal.json()["session_id"].as_str().unwrap().to_owned();
    let page = send(finch.get("/authorize").query(&[("session", id.as_str())])).await;
    assert!(page.text.contains("Authentication method: <code>oauth</code>"), "{}", page.text);
    assert_eq!(introspected(&finch, &renewal, "").await.0, "oauth");
}

#[tokio::test]
async fn a_login_uses_a_method_that_its_provider_offers() {
    let finch = Finch::start().await;
    for (provider, method) in [("Gusto", "credential"), ("ADP Workforce Now", "api_token")] {
        let token = finch.connect(Login::new("A", provider, "C", "X")).await;
        let shown = finch.introspect(&token).await.json();
        assert_eq!(shown["authentication_methods"][0]["type"], method);
    }
}
