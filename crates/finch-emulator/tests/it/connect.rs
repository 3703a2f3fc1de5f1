//! Connect in its steps, as a person goes through it: links and forms, no scripts; or in one request, for a script
//! that knows all fields.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Answer, Finch, step_1};

const URI: &str = "https://app.example/callback";

/// Sends what a browser would: the fields of the page, with changes, and the pressed button.
fn press(finch: &Finch, page: &Answer, button: &str, change: &[(&str, &str)]) -> Answer {
    let mut fields = fields(&page.text);
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push(pair(name, value));
        }
    }
    fields.push(pair("action", button));
    finch.submit(&fields)
}

fn pair(name: &str, value: &str) -> (String, String) {
    (name.to_owned(), value.to_owned())
}

/// The fields of the last form of a page.
fn fields(html: &str) -> Vec<(String, String)> {
    let form = html.rsplit("<form").next().unwrap();
    let attribute = |input: &str, name: &str| {
        let value = input.split_once(&format!(" {name}=\""))?.1.split('"').next()?;
        Some(unescaped(value))
    };
    let sent = |input: &str| {
        let input = input.split('>').next()?;
        let unticked = input.contains("checkbox") && !input.contains(" checked");
        let value = attribute(input, "value").unwrap_or_default();
        (!unticked).then_some((attribute(input, "name")?, value))
    };
    form.split("<input").skip(1).filter_map(sent).collect()
}

fn unescaped(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// The page behind the link with these words.
fn follow(finch: &Finch, page: &Answer, words: &str) -> Answer {
    let before = page.text.split(words).next().unwrap();
    let href = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    finch.get(&unescaped(href)).send()
}

fn policy(page: &Answer) -> &str {
    page.header("content-security-policy").unwrap()
}

/// All fields in one request.
fn entered<'a>(session: &'a str, provider: &'a str) -> Vec<(&'a str, &'a str)> {
    let who = [("company", "Company C"), ("user", "User A"), ("credentials", "Credentials X")];
    let mut form = vec![("session", session), ("provider", provider), ("state", "s 1&2")];
    form.extend(who);
    form
}

#[test]
fn a_person_searches_signs_in_and_consents() {
    let finch = Finch::start();
    let redirect = json!({ "redirect_uri": URI, "products": ["company", "directory"] });
    let id = finch.session_id(&redirect);
    let first = finch.open(&[("session", &id), ("state", "s 1&2")]);
    assert!(first.text.contains("Gusto") && first.text.contains("Paylocity"));
    let asks = "<strong><bdi>Your application</bdi></strong> asks";
    assert!(first.text.contains(asks) && first.text.contains("<bdi>Acme Inc</bdi>"));
    assert!(policy(&first).starts_with("default-src 'none'; style-src 'self';"));
    assert!(policy(&first).contains("form-action 'self' https://app.example;"));
    let found = finch.open(&[("session", &id), ("state", "s 1&2"), ("search", "gUs")]);
    assert!(found.text.contains("Gusto") && !found.text.contains("Paylocity"));

    let sign_in = follow(&finch, &found, "Gusto</bdi></a>");
    assert!(sign_in.text.contains("Sign in at <bdi>Gusto</bdi>"));
    let known = fields(&sign_in.text);
    for (name, value) in [("company", "Acme Inc"), ("user", "User A"), ("state", "s 1&2")] {
        assert!(known.contains(&pair(name, value)), "{name} in {known:?}");
    }
    let consent = press(&finch, &sign_in, "continue", &[("user", "Alex")]);
    assert!(consent.text.contains("<bdi>Alex</bdi> is signed in at <bdi>Gusto</bdi>"));
    assert_eq!(finch.emulator.state().codes, 0);
    let back = press(&finch, &consent, "back", &[]);
    assert!(fields(&back.text).contains(&pair("user", "Alex")));
    // Cancelling leaves the session open.
    let cancelled = press(&finch, &consent, "cancel", &[]).parameters();
    assert_eq!(cancelled, [pair("error", "access_denied"), pair("state", "s 1&2")]);

    let end = press(&finch, &consent, "connect", &[]);
    let pairs = end.parameters();
    assert_eq!((pairs[0].0.as_str(), &pairs[1]), ("code", &pair("state", "s 1&2")));
    assert_eq!(finch.exchange(&pairs[0].1, None).status, 400);
    let token = finch.exchange(&pairs[0].1, Some(URI)).json();
    assert_eq!((&token["provider_id"], &token["customer_id"]), (&json!("gusto"), &json!("acme")));
    assert_eq!(token["products"], json!(["company", "directory"]));
    assert_eq!(finch.introspect(&token).json()["username"], "Alex");
    // The session is used up.
    for answer in [finch.open(&[("session", &id)]), finch.submit(&entered(&id, "gusto"))] {
        assert!(answer.status == 410 && answer.text.contains("already been used"));
    }
    assert!(!policy(&first).contains("script") && !policy(&first).contains("unsafe"));
    for page in [first, end] {
        for (name, value) in [("cache-control", "no-store"), ("referrer-policy", "no-referrer")] {
            assert_eq!(page.header(name), Some(value));
        }
    }
}

#[test]
fn a_session_may_fix_the_provider_and_a_state_is_optional() {
    let finch = Finch::start();
    let integration = json!({ "provider": "justworks" });
    let session = finch.session_id(&json!({ "redirect_uri": URI, "integration": integration }));
    let page = finch.open(&[("session", &session)]);
    assert!(page.text.contains("Sign in at <bdi>Justworks</bdi>"));
    assert!(!page.text.contains("name=\"state\""));
    let mut form = entered(&session, "gusto");
    form.retain(|(name, _)| *name != "state");
    let pairs = finch.submit(&form).parameters();
    assert_eq!((pairs.len(), pairs[0].0.as_str()), (1, "code"));
    assert_eq!(finch.exchange(&pairs[0].1, Some(URI)).json()["provider_id"], "justworks");
}

/// An unlisted provider can be named, and is offered from then on; no name becomes HTML.
#[test]
fn names_are_taken_as_they_are_and_never_become_html() {
    let attack = "\"'><script>alert(1)</script>";
    let finch = Finch::start();
    let id = finch.session_id(&json!({ "customer_name": attack, "customer_id": attack }));
    let session = ("session", id.as_str());
    let found = finch.open(&[session, ("state", attack), ("search", attack)]);
    let sign_in = follow(&finch, &found, "Connect to “");
    let entered = [("company", attack), ("user", attack), ("credentials", attack)];
    let consent = press(&finch, &sign_in, "continue", &entered);
    let incomplete = press(&finch, &consent, "connect", &[("user", "")]);
    let end = press(&finch, &consent, "connect", &[]);
    let token = finch.exchange(end.code(), None).json();
    assert_eq!(token["customer_name"], attack);
    let other = finch.session_id(&json!({ "customer_id": "b" }));
    let offered = finch.open(&[("session", &other)]);
    let renewal = finch.open(&[("session", &finch.renewal(&token))]);
    for page in [found, sign_in, consent, incomplete, end, offered, renewal] {
        assert!(!page.text.contains("<script>") && !page.text.contains("\"'>"), "{}", page.text);
        assert!(page.text.contains("alert(1)"));
    }
}

#[test]
fn only_ticked_products_are_granted() {
    let finch = Finch::start();
    let id = finch.session_id(&json!({ "products": ["company", "directory"] }));
    let sign_in = finch.open(&[("session", &id), ("provider", "gusto")]);
    let consent = press(&finch, &sign_in, "continue", &[]);
    let none = press(&finch, &consent, "connect", &[("products", "")]);
    assert!(none.status == 400 && none.text.contains("at least one"));
    // A product that the session does not ask for cannot be granted.
    assert_eq!(press(&finch, &consent, "connect", &[("products", "ssn")]).status, 400);
    let end = press(&finch, &consent, "connect", &[("products", "directory")]);
    assert_eq!(finch.exchange(end.code(), None).json()["products"], json!(["directory"]));
}

#[test]
fn an_incomplete_form_comes_back_with_what_was_entered() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({}));
    let long = "x".repeat(256);
    for (field, value) in
        [("company", " "), ("user", " "), ("credentials", " "), ("provider", " "), ("user", &long)]
    {
        let mut form = entered(&session, "gusto");
        form.retain(|(name, _)| *name != field);
        form.push((field, value));
        let answer = finch.submit(&form);
        assert_eq!(answer.status, 400);
        assert!(answer.text.contains("class=\"problem\"") && answer.text.contains("s 1&#38;2"));
    }
    assert_eq!(finch.submit(&entered(&session, "gusto")).status, 200);
}

#[test]
fn pages_say_why_a_session_cannot_be_used() {
    let finch = Finch::start();
    let session = finch.session_id(&json!({ "minutes_to_expire": 5 }));
    finch.emulator.advance(Duration::from_secs(4 * 60));
    assert_eq!(finch.open(&[("session", &session)]).status, 200);
    finch.emulator.advance(Duration::from_secs(60));
    for (id, status, words) in [
        (session.as_str(), 410, "has expired"),
        ("unknown", 404, "no such session"),
        ("", 400, "lacks its session"),
    ] {
        for answer in [finch.open(&[("session", id)]), finch.submit(&entered(id, "gusto"))] {
            assert_eq!(answer.status, status);
            assert!(answer.text.contains(words), "{}", answer.text);
        }
    }
}

#[test]
fn an_embedded_session_messages_the_page_around_it() {
    let finch = Finch::start();
    let id = finch.session_id(&json!({}));
    let sign_in = finch.open(&[
        ("session", &id),
        ("state", "s-1"),
        ("provider", "gusto"),
        ("sdk_host_url", "https://app.example/some/page"),
        ("app_type", "spa"),
    ]);
    assert!(policy(&sign_in).ends_with("frame-ancestors https://app.example"));
    assert_eq!(sign_in.header("x-frame-options"), None);
    assert!(!sign_in.text.contains("<script") && !policy(&sign_in).contains("script"));
    let cancelled = press(&finch, &sign_in, "cancel", &[]);
    assert!(cancelled.text.contains("data-kind=\"closed\""));
    let failed = press(&finch, &sign_in, "fail", &[]);
    assert!(failed.text.contains("data-type=\"employer_connection_error\""));

    let consent = press(&finch, &sign_in, "continue", &[]);
    let end = press(&finch, &consent, "connect", &[]);
    assert!(policy(&end).contains("script-src 'self'"));
    for part in [
        "src=\"/__emulator/connect.js\"",
        "data-host=\"https://app.example\"",
        "data-kind=\"success\"",
        "data-state=\"s-1\"",
        &format!("data-code=\"{}\"", end.code()),
    ] {
        assert!(end.text.contains(part), "{part}");
    }
    let script = finch.get("/__emulator/connect.js").send();
    assert!(script.text.contains("finch-auth-message-v2"));
    assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
}

#[test]
fn only_a_web_page_can_embed_connect_and_only_without_a_redirect() {
    let finch = Finch::start();
    let id = finch.session_id(&json!({}));
    for host in ["", "javascript:alert(1)", "null", "*"] {
        let query = [("session", id.as_str()), ("provider", "gusto"), ("sdk_host_url", host)];
        let sign_in = finch.open(&query[..if host.is_empty() { 2 } else { 3 }]);
        assert!(policy(&sign_in).ends_with("frame-ancestors 'none'"));
        assert_eq!(sign_in.header("x-frame-options"), Some("DENY"));
        assert!(!press(&finch, &sign_in, "cancel", &[]).text.contains("<script"));
    }
    let id = finch.session_id(&json!({ "customer_id": "b", "redirect_uri": URI }));
    let page = finch.open(&[("session", &id), ("sdk_host_url", "https://evil.example")]);
    assert!(policy(&page).ends_with("frame-ancestors 'none'"));
    let failed = press(&finch, &page, "fail", &[]).parameters();
    assert_eq!(failed, [pair("error", "employer_connection_error")]);
}

#[test]
fn a_reauthentication_is_one_form_and_repairs_the_connection() {
    let finch = Finch::start();
    let old = finch.connect(step_1().customer_id("acme").products(["company", "ssn"]));
    let id = old["connection_id"].as_str().unwrap();
    assert!(finch.emulator.set_status(id, "reauth"));
    let [session, other] = [(); 2].map(|()| finch.renewal(&old));
    let page = finch.open(&[("session", &session)]);
    for shown in ["Company C", "Gusto", id, ">reauth<", "value=\"User A\"", "value=\"ssn\""] {
        assert!(page.text.contains(shown), "{shown}");
    }
    assert!(!page.text.contains("name=\"company\""));
    let problem = press(&finch, &page, "connect", &[("user", " ")]);
    assert!(problem.status == 400 && problem.text.contains("Enter a user"));
    let cancelled = press(&finch, &page, "cancel", &[]);
    assert!(cancelled.text.contains("Nothing was connected"));
    assert_eq!(finch.emulator.state().connections[0].status, "reauth");

    let end = press(&finch, &page, "connect", &[("products", "company")]);
    let new = finch.exchange(end.code(), None).json();
    assert_eq!(new["connection_id"], old["connection_id"]);
    assert_eq!(new["products"], json!(["company"]));
    // Finch does not say that the old token ends: it stays live.
    for token in [&old, &new] {
        let shown = finch.introspect(token).json();
        assert_eq!(shown["connection_status"]["status"], "connected");
    }
    assert_eq!(finch.open(&[("session", &session)]).status, 410);
    // It ends with its connection, and so does a code of it.
    let third = finch.renewal(&old);
    let end = finch.submit(&entered(&other, "gusto"));
    assert_eq!(finch.disconnect(&old).status, 200);
    assert_eq!(finch.exchange(end.code(), None).error(), (400, "invalid_grant".to_owned()));
    let late = finch.open(&[("session", &third)]);
    assert!(late.status == 410 && late.text.contains("disconnected"));
}

/// What `/introspect` says about a token of this session: its method, and whether it is manual.
fn introspected(finch: &Finch, session: &str, provider: &str) -> (Value, Value) {
    let end = finch.submit(&entered(session, provider));
    assert_eq!(end.status, 200, "{}", end.text);
    let shown = finch.introspect(&finch.exchange(end.code(), None).json()).json();
    assert_eq!(shown["authentication_methods"].as_array().unwrap().len(), 1);
    (shown["authentication_methods"][0]["type"].clone(), shown["manual"].clone())
}

/// The method, the provider that is chosen, and the fields of the session that decide; or what contradicts itself.
const METHODS: &str = r#"
credential | gusto             | {"manual":false}
api_token  | adp_workforce_now | {}
credential | Tiny Pay          | {}
credential |                   | {"integration":{"provider":"gusto","auth_method":null}}
oauth      |                   | {"integration":{"provider":"gusto","auth_method":"oauth"}}
api_token  |                   | {"integration":{"provider":"tiny","auth_method":"api_token"}}
assisted   | gusto             | {"manual":true}
assisted   | Tiny Pay          | {"manual":true}
assisted   |                   | {"manual":true,"integration":{"provider":"gusto","auth_method":"assisted"}}
-          | provider and authentication type pairing: gusto + api_token | {"integration":{"provider":"Gusto","auth_method":"api_token"}}
-          | provider and authentication type pairing: deel + oauth      | {"integration":{"provider":"deel","auth_method":"oauth"}}
-          | provider and authentication type pairing: workday + assisted | {"manual":true,"integration":{"provider":"workday"}}
-          | manual and authentication type pairing: true + oauth        | {"manual":true,"integration":{"provider":"gusto","auth_method":"oauth"}}
"#;

#[test]
fn the_session_determines_the_method_and_may_not_contradict_itself() {
    for line in METHODS.lines().skip(1) {
        let mut cells = line.splitn(3, '|').map(str::trim);
        let [method, provider, session] = [(); 3].map(|()| cells.next().unwrap());
        let (finch, session) = (Finch::start(), serde_json::from_str(session).unwrap());
        if method == "-" {
            let answer = finch.session(&session);
            let words = json!({
                "code": 400, "name": "validation_error", "finch_code": "invalid_request",
                "context": {}, "message": format!("Invalid {provider}"),
            });
            assert_eq!((answer.status, answer.json()), (400, words), "{line}");
        } else {
            let expected = (json!(method), json!(method == "assisted"));
            assert_eq!(introspected(&finch, &finch.session_id(&session), provider), expected);
        }
    }
}

#[test]
fn connect_shows_the_method_a_renewal_keeps_it_and_a_provider_without_it_is_not_offered() {
    let finch = Finch::start();
    let integration = json!({ "provider": "gusto", "auth_method": "oauth" });
    let mut session = finch.session_id(&json!({ "integration": integration }));
    for _ in 0..2 {
        let page = finch.open(&[("session", &session)]).text;
        assert!(page.contains("Authentication method: <code>oauth</code>"), "{page}");
        assert_eq!(introspected(&finch, &session, "").0, "oauth");
        let connection = finch.emulator.state().connections[0].connection_id.clone();
        session = finch.renewal(&json!({ "connection_id": connection }));
    }
    let manual = finch.session_id(&json!({ "customer_id": "b", "manual": true }));
    let page = finch.open(&[("session", &manual)]);
    assert!(page.text.contains("Gusto") && !page.text.contains("BambooHR"));
    let refused = finch.submit(&entered(&manual, "BambooHR"));
    assert_eq!(refused.status, 400);
    assert!(refused.text.contains("does not offer") && refused.text.contains("Choose a provider"));
}
