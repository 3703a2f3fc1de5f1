//! Connect in its steps, as a person goes through it: links and forms, no scripts.

use serde_json::{Value, json};
use url::Url;

use crate::support::{Answer, Finch, send, step_1};

const ATTACK: &str = "\"'><script>alert(1)</script>";

async fn session(finch: &Finch, more: Value) -> String {
    let mut body = json!({
        "customer_id": "acme", "customer_name": "Acme Inc", "products": ["company", "directory"],
    });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    let answer = finch.session(&body).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    answer.json()["session_id"].as_str().unwrap().to_owned()
}

async fn open(finch: &Finch, query: &[(&str, &str)]) -> Answer {
    send(finch.get("/authorize").query(query)).await
}

/// What a browser would send: the page's own fields, and the button that was pressed.
async fn press(finch: &Finch, page: &Answer, button: &str, change: &[(&str, &str)]) -> Answer {
    let mut fields = fields(&page.text);
    for (name, value) in change {
        fields.retain(|(known, _)| known != name);
        if !value.is_empty() {
            fields.push(((*name).to_owned(), (*value).to_owned()));
        }
    }
    fields.push(("action".to_owned(), button.to_owned()));
    send(finch.post("/authorize").form(&fields)).await
}

/// The fields of the last form of a page.
fn fields(html: &str) -> Vec<(String, String)> {
    let form = html.rsplit("<form").next().unwrap();
    let inputs = form.split("<input").skip(1);
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
    inputs.filter_map(sent).collect()
}

fn unescaped(text: &str) -> String {
    let pairs = [("&#60;", "<"), ("&#62;", ">"), ("&#34;", "\""), ("&#39;", "'"), ("&#38;", "&")];
    pairs.iter().fold(text.to_owned(), |text, (entity, c)| text.replace(entity, c))
}

/// The link with these words in it.
fn link(html: &str, words: &str) -> String {
    let before = html.split(words).next().unwrap();
    let href = before.rsplit("href=\"").next().unwrap().split('"').next().unwrap();
    unescaped(href)
}

fn code(answer: &Answer) -> &str {
    answer.text.split_once("<code>").unwrap().1.split('<').next().unwrap()
}

#[tokio::test]
async fn a_person_searches_signs_in_and_consents() {
    let finch = Finch::start().await;
    let uri = "https://app.example/callback";
    let id = session(&finch, json!({ "redirect_uri": uri })).await;
    let first = open(&finch, &[("session", &id), ("state", "s 1&2")]).await;
    assert!(first.text.contains("Gusto") && first.text.contains("Paylocity"));
    let asks = "<strong><bdi>Your application</bdi></strong> asks";
    assert!(first.text.contains(asks) && first.text.contains("<bdi>Acme Inc</bdi>"));
    let query = [("session", id.as_str()), ("state", "s 1&2"), ("search", "gUs")];
    let found = open(&finch, &query).await;
    assert!(found.text.contains("Gusto") && !found.text.contains("Paylocity"));

    let chosen = link(&found.text, "Gusto</bdi></a>");
    assert_eq!(chosen, format!("/authorize?session={id}&state=s+1%262&provider=Gusto"));
    let sign_in = send(finch.get(&chosen)).await;
    assert!(sign_in.text.contains("Sign in at <bdi>Gusto</bdi>"));
    let known = fields(&sign_in.text);
    for (name, value) in [("company", "Acme Inc"), ("user", "User A"), ("state", "s 1&2")] {
        assert!(known.contains(&(name.to_owned(), value.to_owned())), "{name} in {known:?}");
    }
    let consent = press(&finch, &sign_in, "continue", &[("user", "Alex")]).await;
    assert_eq!(consent.status, 200);
    assert!(consent.text.contains("<bdi>Alex</bdi> is signed in at <bdi>Gusto</bdi>"));
    assert_eq!(finch.emulator.state().codes, 0);
    let back = press(&finch, &consent, "back", &[]).await;
    assert!(fields(&back.text).contains(&("user".to_owned(), "Alex".to_owned())));

    let end = press(&finch, &consent, "connect", &[]).await;
    let url = Url::parse(end.header("location").unwrap()).unwrap();
    let pairs: Vec<(String, String)> = url.query_pairs().into_owned().collect();
    assert_eq!(pairs[1], ("state".to_owned(), "s 1&2".to_owned()));
    let token = finch.exchange(&pairs[0].1, Some(uri)).await.json();
    assert_eq!((&token["provider_id"], &token["customer_id"]), (&json!("gusto"), &json!("acme")));
    assert_eq!(token["products"], json!(["company", "directory"]));
    assert_eq!(finch.introspect(&token).await.json()["username"], "Alex");
}

#[tokio::test]
async fn a_provider_that_nobody_lists_can_be_named_and_is_remembered() {
    let finch = Finch::start().await;
    let id = session(&finch, json!({})).await;
    let query = [("session", id.as_str()), ("search", "Tiny Pay")];
    let found = open(&finch, &query).await;
    assert!(found.text.contains("No provider on the list"));
    let sign_in = send(finch.get(&link(&found.text, "Connect to “<bdi>Tiny Pay</bdi>”"))).await;
    let consent = press(&finch, &sign_in, "continue", &[]).await;
    let end = press(&finch, &consent, "connect", &[]).await;
    let token = finch.exchange(code(&end), None).await.json();
    assert_eq!(token["provider_id"], "tiny_pay");
    let other = session(&finch, json!({ "customer_id": "b" })).await;
    assert!(open(&finch, &[("session", &other)]).await.text.contains(">Tiny Pay</bdi></a>"));
}

#[tokio::test]
async fn what_is_not_ticked_is_not_granted() {
    let finch = Finch::start().await;
    let id = session(&finch, json!({})).await;
    let sign_in = open(&finch, &[("session", &id), ("provider", "gusto")]).await;
    let consent = press(&finch, &sign_in, "continue", &[]).await;
    let none = press(&finch, &consent, "connect", &[("products", "")]).await;
    assert!(none.status == 400 && none.text.contains("at least one"));
    // What nobody asked for cannot be granted.
    let other = press(&finch, &consent, "connect", &[("products", "ssn")]).await;
    assert_eq!(other.status, 400);
    let end = press(&finch, &consent, "connect", &[("products", "directory")]).await;
    let token = finch.exchange(code(&end), None).await.json();
    assert_eq!(token["products"], json!(["directory"]));
}

#[tokio::test]
async fn an_embedded_session_tells_the_page_around_it() {
    let finch = Finch::start().await;
    let id = session(&finch, json!({})).await;
    let host = [("sdk_host_url", "https://app.example/some/page"), ("app_type", "spa")];
    let mut query = vec![("session", id.as_str()), ("state", "s-1"), ("provider", "gusto")];
    query.extend(host);
    let sign_in = open(&finch, &query).await;
    let policy = sign_in.header("content-security-policy").unwrap();
    assert!(policy.ends_with("frame-ancestors https://app.example"), "{policy}");
    assert_eq!(sign_in.header("x-frame-options"), None);
    assert!(!sign_in.text.contains("<script") && !policy.contains("script"));

    let cancelled = press(&finch, &sign_in, "cancel", &[]).await;
    assert!(cancelled.text.contains("data-kind=\"closed\""));
    let failed = press(&finch, &sign_in, "fail", &[]).await;
    assert!(failed.text.contains("data-type=\"employer_connection_error\""));

    let consent = press(&finch, &sign_in, "continue", &[]).await;
    let end = press(&finch, &consent, "connect", &[]).await;
    assert!(end.header("content-security-policy").unwrap().contains("script-src 'self'"));
    let code = code(&end);
    for part in [
        "src=\"/__emulator/connect.js\"",
        "data-host=\"https://app.example\"",
        "data-kind=\"success\"",
        "data-state=\"s-1\"",
        &format!("data-code=\"{code}\""),
    ] {
        assert!(end.text.contains(part), "{part}");
    }
    let script = send(finch.get("/__emulator/connect.js")).await;
    assert!(script.text.contains("finch-auth-message-v2"));
    assert!(script.header("content-type").unwrap().starts_with("text/javascript"));
    assert_eq!(finch.exchange(code, None).await.status, 200);
}

#[tokio::test]
async fn nobody_is_told_who_did_not_say_where_they_are() {
    let finch = Finch::start().await;
    let id = session(&finch, json!({})).await;
    for host in [None, Some("javascript:alert(1)"), Some("null"), Some("*")] {
        let mut query = vec![("session", id.as_str()), ("provider", "gusto")];
        query.extend(host.map(|host| ("sdk_host_url", host)));
        let sign_in = open(&finch, &query).await;
        let policy = sign_in.header("content-security-policy").unwrap();
        assert!(policy.ends_with("frame-ancestors 'none'"), "{policy}");
        assert_eq!(sign_in.header("x-frame-options"), Some("DENY"));
        assert!(!press(&finch, &sign_in, "cancel", &[]).await.text.contains("<script"));
    }
    // Where it goes back by redirect, nobody embeds it.
    let more = json!({ "customer_id": "b", "redirect_uri": "https://app.example/callback" });
    let id = session(&finch, more).await;
    let query = [("session", id.as_str()), ("sdk_host_url", "https://evil.example")];
    let page = open(&finch, &query).await;
    assert!(page.header("content-security-policy").unwrap().ends_with("frame-ancestors 'none'"));
    let failed = press(&finch, &page, "fail", &[]).await;
    let location = failed.header("location").unwrap();
    assert_eq!(location, "https://app.example/callback?error=employer_connection_error");
}

#[tokio::test]
async fn a_reauthentication_is_one_short_form_and_mends_the_connection() {
    let finch = Finch::start().await;
    let old = finch.connect(step_1().customer_id("acme").products(["company", "ssn"])).await;
    let id = old["connection_id"].as_str().unwrap();
    assert!(finch.emulator.set_status(id, "reauth"));
    let body = json!({ "connection_id": id });
    let path = "/connect/sessions/reauthenticate";
    let session = send(finch.post_basic(path, &body)).await.json();
    let session = session["session_id"].as_str().unwrap();
    let page = open(&finch, &[("session", session)]).await;
    for shown in ["Company C", "Gusto", id, ">reauth<", "value=\"User A\"", "value=\"ssn\""] {
        assert!(page.text.contains(shown), "{shown}");
    }
    let problem = press(&finch, &page, "connect", &[("user", " ")]).await;
    assert!(problem.status == 400 && problem.text.contains("Enter a user"));
    let cancelled = press(&finch, &page, "cancel", &[]).await;
    assert!(cancelled.text.contains("Nothing was connected"));
    assert_eq!(finch.emulator.state().connections[0].status, "reauth");

    let end = press(&finch, &page, "connect", &[("products", "company")]).await;
    let new = finch.exchange(code(&end), None).await.json();
    assert_eq!(new["connection_id"], old["connection_id"]);
    assert_eq!(new["products"], json!(["company"]));
    // Finch does not say that the old token ends, so that it lives on.
    for token in [&old, &new] {
        let shown = finch.introspect(token).await.json();
        assert_eq!(shown["connection_status"]["status"], "connected");
    }
    assert_eq!(open(&finch, &[("session", session)]).await.status, 410);
}

#[tokio::test]
async fn nothing_that_anybody_names_becomes_html_at_any_step() {
    let finch = Finch::start().await;
    let more = json!({ "customer_name": ATTACK, "customer_id": ATTACK });
    let id = session(&finch, more).await;
    let query = [
        ("session", id.as_str()),
        ("state", ATTACK),
        ("search", ATTACK),
        ("sdk_host_url", "https://app.example/\"><script>"),
    ];
    let mut pages = vec![open(&finch, &query).await];
    let sign_in = open(&finch, &[query[0], query[1], ("provider", ATTACK)]).await;
    let named = [("company", ATTACK), ("user", ATTACK), ("credentials", ATTACK)];
    let consent = press(&finch, &sign_in, "continue", &named).await;
    let end = press(&finch, &consent, "connect", &[]).await;
    let token = finch.exchange(code(&end), None).await.json();
    let body = json!({ "connection_id": token["connection_id"] });
    let renew = send(finch.post_basic("/connect/sessions/reauthenticate", &body)).await.json();
    let renew = open(&finch, &[("session", renew["session_id"].as_str().unwrap())]).await;
    pages.extend([sign_in, consent, end, renew]);
    for page in pages {
        assert_eq!(page.status, 200);
        assert!(!page.text.contains("<script>") && !page.text.contains("\"'>"), "{}", page.text);
        assert!(page.text.contains("alert(1)"));
    }
}

#[tokio::test]
async fn a_form_of_another_page_does_nothing() {
    let finch = Finch::start().await;
    let id = session(&finch, json!({})).await;
    let sign_in = open(&finch, &[("session", &id), ("provider", "gusto")]).await;
    let mut form = fields(&sign_in.text);
    form.push(("action".to_owned(), "connect".to_owned()));
    for (site, status) in [("cross-site", 403), ("same-site", 403), ("same-origin", 200)] {
        let call = finch.post("/authorize").header("sec-fetch-site", site).form(&form);
        assert_eq!(send(call).await.status, status, "{site}");
    }
}
