//! The authentication method of a session: `manual` and `integration.auth_method`.

use serde_json::{Value, json};

use crate::support::{Answer, Finch};

/// A sign-in with all fields in one request.
fn submit(finch: &Finch, session: &str, provider: &str) -> Answer {
    finch.submit(&[
        ("session", session),
        ("provider", provider),
        ("company", "C"),
        ("user", "A"),
        ("credentials", "X"),
    ])
}

/// What `/introspect` says about a token of this session.
fn introspected(finch: &Finch, session: &str, provider: &str) -> (String, bool) {
    let end = submit(finch, session, provider);
    assert_eq!(end.status, 200, "{}", end.text);
    let token = finch.exchange(end.code(), None).json();
    let shown = finch.introspect(&token).json();
    let methods = shown["authentication_methods"].as_array().unwrap();
    assert_eq!(methods.len(), 1);
    (methods[0]["type"].as_str().unwrap().to_owned(), shown["manual"].as_bool().unwrap())
}

fn integration(provider: &str, method: &str) -> Value {
    json!({ "integration": { "provider": provider, "auth_method": method } })
}

#[test]
fn the_session_determines_the_method() {
    let both =
        json!({ "manual": true, "integration": integration("gusto", "assisted")["integration"] });
    for (more, provider, method) in [
        (json!({}), "gusto", "credential"),
        (json!({ "manual": false }), "gusto", "credential"),
        (json!({}), "adp_workforce_now", "api_token"),
        (json!({}), "Tiny Pay", "credential"),
        (json!({ "integration": { "provider": "gusto" } }), "", "credential"),
        (json!({ "integration": { "provider": "gusto", "auth_method": null } }), "", "credential"),
        (integration("gusto", "oauth"), "", "oauth"),
        (integration("gusto", "credential"), "", "credential"),
        (integration("gusto", "assisted"), "", "assisted"),
        (json!({ "manual": true }), "gusto", "assisted"),
        (json!({ "manual": true }), "Tiny Pay", "assisted"),
        (json!({ "manual": true, "integration": { "provider": "ADP Run" } }), "", "assisted"),
        (both, "", "assisted"),
        (integration("tiny", "api_token"), "", "api_token"),
    ] {
        let finch = Finch::start();
        let session = finch.session_id(&more);
        let expected = (method.to_owned(), method == "assisted");
        assert_eq!(introspected(&finch, &session, provider), expected, "{more} {provider}");
    }
}

#[test]
fn contradictions_are_a_validation_error() {
    let finch = Finch::start();
    let manual = |mut more: Value| {
        more["manual"] = true.into();
        more
    };
    for (more, pairing) in [
        (integration("justworks", "api_token"), "provider: justworks + api_token"),
        (integration("Gusto", "api_token"), "provider: gusto + api_token"),
        (integration("bamboo_hr", "assisted"), "provider: bamboo_hr + assisted"),
        (integration("deel", "oauth"), "provider: deel + oauth"),
        (
            manual(json!({ "integration": { "provider": "workday" } })),
            "provider: workday + assisted",
        ),
        (manual(integration("gusto", "oauth")), "manual: true + oauth"),
        (manual(integration("tiny", "credential")), "manual: true + credential"),
    ] {
        let answer = finch.session(&more);
        let (field, pair) = pairing.split_once(": ").unwrap();
        let words = json!({
            "code": 400, "name": "validation_error", "finch_code": "invalid_request", "context": {},
            "message": format!("Invalid {field} and authentication type pairing: {pair}"),
        });
        assert_eq!((answer.status, answer.json()), (400, words), "{more}");
    }
    assert_eq!(finch.emulator().state().sessions, 0);
}

#[test]
fn a_provider_without_the_sessions_method_is_not_offered() {
    let finch = Finch::start();
    let manual = finch.session_id(&json!({ "manual": true }));
    let page = finch.open(&[("session", &manual)]);
    assert!(page.text.contains("Gusto") && !page.text.contains("BambooHR"));
    let refused = submit(&finch, &manual, "BambooHR");
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("does not offer") && refused.text.contains("Choose a provider"));
    assert_eq!(introspected(&finch, &manual, "Gusto"), ("assisted".to_owned(), true));
}

#[test]
fn connect_shows_the_method_and_a_renewal_keeps_it() {
    let finch = Finch::start();
    let session = finch.session_id(&integration("gusto", "oauth"));
    let shows = |session: &str| {
        let page = finch.open(&[("session", session)]).text;
        assert!(page.contains("Authentication method: <code>oauth</code>"), "{page}");
    };
    shows(&session);
    assert_eq!(introspected(&finch, &session, "").0, "oauth");
    let connection = &finch.emulator().state().connections[0].connection_id;
    let renewal = finch.renewal(&json!({ "connection_id": connection }));
    shows(&renewal);
    assert_eq!(introspected(&finch, &renewal, "").0, "oauth");
}
