//! Connect in its steps, as a person goes through it: links and forms, no scripts.

use serde_json::json;

use crate::support::{Answer, Finch, step_1};

/// Sends what a browser would: the fields of the page, with changes, and the pressed button.
fn press(finch: &Finch, page: &Answer, button: &str, change: &[(&str, &str)]) -> Answer {
    let mut fields = fields(&page.text);
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    fields.push(("action".to_owned(), button.to_owned()));
    finch.submit(&fields)
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

#[test]
fn a_person_searches_signs_in_and_consents() {
    let finch = Finch::start();
    let uri = "https://app.example/callback";
    let id =
        finch.session_id(&json!({ "redirect_uri": uri, "products": ["company", "directory"] }));
    let first = finch.open(&[("session", &id), ("state", "s 1&2")]);
    assert!(first.text.contains("Gusto") && first.text.contains("Paylocity"));
    let asks = "<strong><bdi>Your application</bdi></strong> asks";
    assert!(first.text.contains(asks) && first.text.contains("<bdi>Acme Inc</bdi>"));
    let found = finch.open(&[("session", &id), ("state", "s 1&2"), ("search", "gUs")]);
    assert!(found.text.contains("Gusto") && !found.text.contains("Paylocity"));

    let sign_in = follow(&finch, &found, "Gusto</bdi></a>");
    assert!(sign_in.text.contains("Sign in at <bdi>Gusto</bdi>"));
    let known = fields(&sign_in.text);
    for (name, value) in [("company", "Acme Inc"), ("user", "User A"), ("state", "s 1&2")] {
        assert!(known.contains(&(name.to_owned(), value.to_owned())), "{name} in {known:?}");
    }
    let consent = press(&finch, &sign_in, "continue", &[("user", "Alex")]);
    assert_eq!(consent.status, 200);
    assert!(consent.text.contains("<bdi>Alex</bdi> is signed in at <bdi>Gusto</bdi>"));
    assert_eq!(finch.emulator().state().codes, 0);
    let back = press(&finch, &consent, "back", &[]);
    assert!(fields(&back.text).contains(&("user".to_owned(), "Alex".to_owned())));

    let end = press(&finch, &consent, "connect", &[]);
    let pairs = end.parameters();
    assert_eq!(pairs[1], ("state".to_owned(), "s 1&2".to_owned()));
    let token = finch.exchange(&pairs[0].1, Some(uri)).json();
    assert_eq!((&token["provider_id"], &token["customer_id"]), (&json!("gusto"), &json!("acme")));
    assert_eq!(token["products"], json!(["company", "directory"]));
    assert_eq!(finch.introspect(&token).json()["username"], "Alex");
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
    assert_eq!(finch.exchange(end.code(), None).status, 200);
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
    let more = json!({ "customer_id": "b", "redirect_uri": "https://app.example/callback" });
    let id = finch.session_id(&more);
    let page = finch.open(&[("session", &id), ("sdk_host_url", "https://evil.example")]);
    assert!(policy(&page).ends_with("frame-ancestors 'none'"));
    let failed = press(&finch, &page, "fail", &[]);
    let location = failed.header("location").unwrap();
    assert_eq!(location, "https://app.example/callback?error=employer_connection_error");
}

#[test]
fn a_reauthentication_is_one_form_and_repairs_the_connection() {
    let finch = Finch::start();
    let old = finch.connect(step_1().customer_id("acme").products(["company", "ssn"]));
    let id = old["connection_id"].as_str().unwrap();
    assert!(finch.emulator().set_status(id, "reauth"));
    let session = finch.renewal(&old);
    let page = finch.open(&[("session", &session)]);
    for shown in ["Company C", "Gusto", id, ">reauth<", "value=\"User A\"", "value=\"ssn\""] {
        assert!(page.text.contains(shown), "{shown}");
    }
    assert!(!page.text.contains("name=\"company\""));
    let problem = press(&finch, &page, "connect", &[("user", " ")]);
    assert!(problem.status == 400 && problem.text.contains("Enter a user"));
    let cancelled = press(&finch, &page, "cancel", &[]);
    assert!(cancelled.text.contains("Nothing was connected"));
    assert_eq!(finch.emulator().state().connections[0].status, "reauth");

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
}
