//! The authentication method of a session: `manual` and `integration.auth_method`.

use serde_json::json;

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

/// The method, the provider that is chosen, and the fields of the session that decide.
const METHODS: &str = r#"
credential | gusto             | {}
credential | gusto             | {"manual":false}
api_token  | adp_workforce_now | {}
credential | Tiny Pay          | {}
credential |                   | {"integration":{"provider":"gusto"}}
credential |                   | {"integration":{"provider":"gusto","auth_method":null}}
oauth      |                   | {"integration":{"provider":"gusto","auth_method":"oauth"}}
credential |                   | {"integration":{"provider":"gusto","auth_method":"credential"}}
assisted   |                   | {"integration":{"provider":"gusto","auth_method":"assisted"}}
api_token  |                   | {"integration":{"provider":"tiny","auth_method":"api_token"}}
assisted   | gusto             | {"manual":true}
assisted   | Tiny Pay          | {"manual":true}
assisted   |                   | {"manual":true,"integration":{"provider":"ADP Run"}}
assisted   |                   | {"manual":true,"integration":{"provider":"gusto","auth_method":"assisted"}}
"#;

#[test]
fn the_session_determines_the_method() {
    for line in METHODS.lines().skip(1) {
        let [method, provider, session] = cells(line);
        let finch = Finch::start();
        let session = finch.session_id(&serde_json::from_str(session).unwrap());
        let expected = (method.to_owned(), method == "assisted");
        assert_eq!(introspected(&finch, &session, provider), expected, "{line}");
    }
}

/// The field, the pair that contradicts itself, and the session with it.
const CONTRADICTIONS: &str = r#"
provider | justworks + api_token | {"integration":{"provider":"justworks","auth_method":"api_token"}}
provider | gusto + api_token     | {"integration":{"provider":"Gusto","auth_method":"api_token"}}
provider | bamboo_hr + assisted  | {"integration":{"provider":"bamboo_hr","auth_method":"assisted"}}
provider | deel + oauth          | {"integration":{"provider":"deel","auth_method":"oauth"}}
provider | workday + assisted    | {"manual":true,"integration":{"provider":"workday"}}
manual   | true + oauth          | {"manual":true,"integration":{"provider":"gusto","auth_method":"oauth"}}
manual   | true + credential     | {"manual":true,"integration":{"provider":"tiny","auth_method":"credential"}}
"#;

#[test]
fn contradictions_are_a_validation_error() {
    let finch = Finch::start();
    for line in CONTRADICTIONS.lines().skip(1) {
        let [field, pair, session] = cells(line);
        let answer = finch.session(&serde_json::from_str(session).unwrap());
        let words = json!({
            "code": 400, "name": "validation_error", "finch_code": "invalid_request", "context": {},
            "message": format!("Invalid {field} and authentication type pairing: {pair}"),
        });
        assert_eq!((answer.status, answer.json()), (400, words), "{line}");
    }
    assert_eq!(finch.emulator().state().sessions, 0);
}

fn cells(line: &str) -> [&str; 3] {
    let cells: Vec<_> = line.splitn(3, '|').map(str::trim).collect();
    cells.try_into().unwrap()
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
    let session = finch
        .session_id(&json!({ "integration": { "provider": "gusto", "auth_method": "oauth" } }));
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
