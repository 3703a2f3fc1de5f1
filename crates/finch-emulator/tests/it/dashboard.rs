//! The dashboard, by its forms alone.

use finch_emulator::Login;
use serde_json::Value;

use crate::{
    receiver::Receiver,
    support::{Answer, Finch, send, step_1, step_4},
};

const SECRET: &str = "5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH";

async fn look(finch: &Finch) -> String {
    let answer = send(finch.get("/")).await;
    assert_eq!(answer.status, 200);
    answer.text
}

async fn press(finch: &Finch, form: &str, fields: &[(&str, &str)]) -> Answer {
    let path = format!("/__emulator/dashboard/{form}");
    send(finch.post(&path).header("sec-fetch-site", "same-origin").form(fields)).await
}

/// A form that worked leads back to its section, which says so.
async fn done(finch: &Finch, form: &str, fields: &[(&str, &str)], section: &str) {
    let answer = press(finch, form, fields).await;
    assert_eq!(answer.status, 303, "{form}: {}", answer.text);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("/?done=") && location.ends_with(section), "{location}");
    let path = location.split('#').next().unwrap();
    let page = send(finch.get(path)).await.text;
    let heading = format!("<h2 id=\"{}-title\">", &section[1..]);
    let below = page.split_once(&heading).unwrap().1.split_once("</h2>").unwrap().1;
    assert!(below.trim_start().starts_with("<p class=\"done\" role=\"status\">"), "{below}");
}

async fn refused(finch: &Finch, form: &str, fields: &[(&str, &str)]) -> String {
    let answer = press(finch, form, fields).await;
    assert_eq!(answer.status, 400, "{form}");
    assert!(answer.text.contains("role=\"alert\"") && answer.text.contains("Connections"));
    answer.text
}

#[tokio::test]
async fn it_shows_what_there_is_without_a_secret() {
    let finch = Finch::start().await;
    assert!(look(&finch).await.contains("None yet"));
    let token = finch.connect(step_1().customer_id("acme")).await;
    let ended = finch.connect(step_4().customer_id("other")).await;
    finch.disconnect(&ended).await;
    let call = finch.introspect(&token).await;
    finch.emulator.webhooks_to("http://127.0.0.1:1/hooks", SECRET).unwrap();
    let page = look(&finch).await;
    let secret = token["access_token"].as_str().unwrap();
    for shown in [
        "Company C",
        "Gusto",
        "JustWorks",
        "acme",
        ">connected<",
        ">disconnected<",
        ">revoked<",
        token["connection_id"].as_str().unwrap(),
        &format!("{}… (36 characters)", &secret[..4]),
        "POST /disconnect",
        call.header("finch-request-id").unwrap(),
        "5WbX… (32 characters)",
        "http://127.0.0.1:1/hooks",
    ] {
        assert!(page.contains(shown), "{shown}");
    }
    for hidden in [&secret[..5], &SECRET[..5], finch.emulator.client_secret()] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[tokio::test]
async fn a_connection_is_ended_and_its_status_set() {
    let finch = Finch::start().await;
    let mut receiver = Receiver::start(&[]).await;
    let register = [("url", receiver.url.as_str()), ("secret", SECRET)];
    done(&finch, "webhook", &register, "#webhooks").await;
    let token = finch.connect(step_1()).await;
    let id = ("connection_id", token["connection_id"].as_str().unwrap());
    done(&finch, "status", &[id, ("status", "reauth")], "#connections").await;
    done(&finch, "disconnect", &[id], "#connections").await;
    for status in ["reauth", "disconnected"] {
        let body: Value = serde_json::from_str(&receiver.next().await.body).unwrap();
        assert_eq!(body["data"]["status"], status);
    }
    assert!(!finch.works(&token).await);
    refused(&finch, "disconnect", &[id]).await;
    refused(&finch, "status", &[id, ("status", "connected")]).await;
}

#[tokio::test]
async fn faults_are_switched_on_and_off() {
    let finch = Finch::start().await;
    let rate_limit = ("fault", r#"{"rate_limit":{}}"#);
    let form = [("path", "/providers"), rate_limit, ("times", "2")];
    done(&finch, "fault", &form, "#faults").await;
    assert_eq!(send(finch.get("/providers")).await.status, 429);
    let json = r#"[{"path": "/introspect", "status": 500}, {"status": 503, "times": 3}]"#;
    done(&finch, "fault", &[("fault", json)], "#faults").await;
    let waiting = finch.emulator.state().faults;
    assert_eq!(waiting.len(), 3);
    let second = waiting[1].to_string();
    // Another one stands there by now.
    let page = refused(&finch, "fault-off", &[("at", "0"), ("fault", &second)]).await;
    assert!(page.contains("look again"));
    done(&finch, "fault-off", &[("at", "1"), ("fault", &second)], "#faults").await;
    assert_eq!(finch.emulator.state().faults.len(), 2);
    done(&finch, "fault-off", &[], "#faults").await;
    assert_eq!(send(finch.get("/providers")).await.status, 200);
    for (fault, times) in
        [("{", "1"), ("7", "1"), (r#"{"lie":true}"#, "x"), (r#"{"lie":true}"#, "0")]
    {
        refused(&finch, "fault", &[("fault", fault), ("times", times)]).await;
    }
    assert!(finch.emulator.state().faults.is_empty());
}

/// Whoever has mistyped goes on from what they have typed.
#[tokio::test]
async fn a_fault_that_is_not_taken_stands_there_still() {
    let finch = Finch::start().await;
    for (json, problem) in [
        (r#"{"status": 500"#, "It is not JSON: the error is at line 1, column 14."),
        ("\n</textarea><b>", "It is not JSON: the error is at line 2, column 1."),
        (r#"{"lie": 1}"#, "<code>lie</code> must be true"),
        ("7", "It must be a fault (a JSON object) or an array of faults."),
    ] {
        let page = refused(&finch, "fault", &[("fault", json)]).await;
        assert!(page.contains("<details open>\n<summary>Write one as JSON</summary>"), "{page}");
        let shown = json.replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
        assert!(
            page.contains(&format!(
                "autofocus aria-invalid=\"true\" aria-describedby=\"problem\">\n{shown}</textarea>"
            )),
            "{page}"
        );
        assert!(page.contains(&format!("Not switched on. {problem}")), "{page}");
        assert_eq!(page.matches("id=\"problem\"").count(), 1);
    }
    // What was chosen from the list is no JSON of theirs.
    let page = refused(&finch, "fault", &[("fault", "{"), ("path", "")]).await;
    assert!(!page.contains("<details open"));
}

#[tokio::test]
async fn each_fault_of_the_list_is_one() {
    let finch = Finch::start().await;
    let page = look(&finch).await;
    let list = page.split_once("name=\"fault\"").unwrap().1.split("</select>").next().unwrap();
    let choices: Vec<_> = list.split("<option value=\"").skip(1).collect();
    assert!(choices.len() > 40);
    for choice in choices {
        let fault = choice.split('"').next().unwrap().replace("&#34;", "\"");
        done(&finch, "fault", &[("path", "/introspect"), ("fault", &fault)], "#faults").await;
    }
}

#[tokio::test]
async fn webhooks_are_registered_sent_and_rotated() {
    let finch = Finch::start().await;
    let mut receiver = Receiver::start(&["500 No"]).await;
    refused(&finch, "send", &[("event_type", "test")]).await;
    refused(&finch, "webhook", &[("url", "https://x.example"), ("secret", SECRET)]).await;
    refused(&finch, "webhook", &[("url", &receiver.url), ("secret", "no base64")]).await;
    done(&finch, "webhook", &[("url", &receiver.url), ("secret", SECRET)], "#webhooks").await;
    let token = finch.connect(step_1()).await;
    let id = ("connection_id", token["connection_id"].as_str().unwrap());
    let hint = [("event_type", "account.updated"), id, ("status", "disconnected")];
    done(&finch, "send", &hint, "#webhooks").await;
    let told = receiver.next().await;
    assert!(finch.works(&token).await);
    // It is sent again before its time.
    let event = ("event_id", told.header("finch-event-id"));
    while !look(&finch).await.contains("answered 500") {}
    done(&finch, "resend", &[event], "#webhooks").await;
    assert_eq!(receiver.next().await.body, told.body);

    let suggested = look(&finch).await;
    let suggested = suggested.split_once("id=\"rotate-secret\"").unwrap().1;
    let suggested = suggested.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let rotate = [("secret", suggested), ("action", "rotate")];
    done(&finch, "webhook", &rotate, "#webhooks").await;
    done(&finch, "send", &[("event_type", "test")], "#webhooks").await;
    assert_eq!(receiver.next().await.header("finch-signature").split(' ').count(), 2);
    assert!(!look(&finch).await.contains(suggested));
    done(&finch, "webhook", &[("action", "finish")], "#webhooks").await;
    // A new address keeps the secret.
    done(&finch, "webhook", &[("url", &receiver.url), ("secret", "")], "#webhooks").await;
    done(&finch, "send", &[("event_type", "test")], "#webhooks").await;
    assert_eq!(receiver.next().await.header("finch-signature").split(' ').count(), 1);
    done(&finch, "webhook", &[("action", "remove")], "#webhooks").await;
    refused(&finch, "resend", &[event]).await;
}

#[tokio::test]
async fn the_clock_is_moved_on() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    done(&finch, "clock", &[("seconds", "600")], "#clock").await;
    assert_eq!(finch.exchange(&code, None).await.status, 400);
    for bad in ["-1", "", "1e9", "3153600001"] {
        refused(&finch, "clock", &[("seconds", bad)]).await;
    }
}

#[tokio::test]
async fn other_pages_change_nothing() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let id = token["connection_id"].as_str().unwrap();
    let own = finch.emulator.url().to_owned();
    for path in ["/__emulator/dashboard/disconnect", "/__emulator/disconnect", "/__emulator/reset"]
    {
        for (name, value) in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "https://evil.example"),
            ("origin", "http://127.0.0.1:1"),
            ("origin", "null"),
        ] {
            let form = [("connection_id", id)];
            let answer = send(finch.post(path).header(name, value).form(&form)).await;
            assert_eq!(answer.error(), (403, "cross_site_error".to_owned()), "{path} {value}");
        }
    }
    assert!(finch.works(&token).await);
    let call = finch.post("/__emulator/dashboard/disconnect").header("origin", own);
    assert_eq!(send(call.form(&[("connection_id", id)])).await.status, 303);
    // What an application calls is no page's affair.
    let call = finch.get("/providers").header("sec-fetch-site", "cross-site");
    assert_eq!(send(call).await.status, 200);
}

#[tokio::test]
async fn nothing_that_anybody_names_becomes_html() {
    let attack = "\"'><script>alert(1)</script>";
    let finch = Finch::start().await;
    finch.emulator.webhooks_to("http://127.0.0.1:1/?a=<script>", SECRET).unwrap();
    let login = Login::new(attack, attack, attack, attack).customer_id(attack).products([attack]);
    let token = finch.connect(login).await;
    let event = serde_json::json!({ "event_type": attack, "connection_id": attack });
    finch.emulator.send_webhook(&finch_emulator::WebhookEvent::Json(event)).unwrap();
    let fault = serde_json::json!({ "path": "/x", "status": 500, "body": attack });
    send(finch.post("/__emulator/faults").json(&fault)).await;
    send(finch.get("/'%22><script>")).await;
    let id = token["connection_id"].as_str().unwrap();
    let bad = refused(&finch, "fault", &[("fault", &format!("{{\"{id}<script>\":1}}"))]).await;
    for page in [look(&finch).await, bad] {
        assert!(!page.contains("<script") && page.matches("alert(1)").count() > 8);
    }
}

/// A name of another script must not turn the words around it, nor a long one hide a token.
#[tokio::test]
async fn names_stand_by_themselves_and_are_there_in_full() {
    let finch = Finch::start().await;
    let long = "x".repeat(255);
    let names = [long.as_str(), "גוסטו (7)!"];
    for name in names {
        finch.connect(Login::new(name, name, name, "X").customer_id(name)).await;
    }
    finch.emulator.webhooks_to("http://127.0.0.1:1/hooks", SECRET).unwrap();
    let page = look(&finch).await;
    for name in names {
        for part in [
            format!("<h3><bdi>{name}</bdi> <span class=\"at\">at <bdi>{name}</bdi></span>"),
            format!("<bdi class=\"cut\" title=\"{name}\">{name}</bdi>"),
            format!("&#x2068;{name}&#x2069; at &#x2068;{name}&#x2069; (connected)</option>"),
        ] {
            assert!(page.contains(&part), "{part}");
        }
        let bare = page.match_indices(name).filter(|(at, _)| {
            let before = &page[..*at];
            !["<bdi>", "\">", "title=\"", "&#x2068;"].iter().any(|start| before.ends_with(start))
        });
        assert_eq!(bare.count(), 0, "{name} stands among other words");
    }
}

#[tokio::test]
async fn pages_and_assets_have_strict_headers() {
    let finch = Finch::start().await;
    let page = send(finch.get("/")).await;
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    for (name, value) in [
        ("content-security-policy", policy),
        ("cache-control", "no-store"),
        ("referrer-policy", "same-origin"),
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", "DENY"),
        ("content-type", "text/html; charset=utf-8"),
    ] {
        assert_eq!(page.header(name), Some(value));
    }
    assert!(!page.text.contains(" style=") && !page.text.contains("<script"));
    for (asset, kind) in [("style.css", "text/css"), ("icon.svg", "image/svg+xml")] {
        let asset = send(finch.get(&format!("/__emulator/{asset}"))).await;
        assert_eq!(asset.status, 200);
        assert!(asset.header("content-type").unwrap().starts_with(kind));
    }
    let style = send(finch.get("/__emulator/style.css")).await.text;
    assert!(style.contains(".swatch-gusto { background: #f45d48 }"));
    assert_eq!(send(finch.post("/")).await.status, 405);
}

#[tokio::test]
async fn what_is_shown_is_bounded_and_pages_are_no_calls() {
    let finch = Finch::start().await;
    for number in 0..130 {
        finch.connect(Login::new("A", "Gusto", format!("Company {number}."), "X")).await;
    }
    let page = look(&finch).await;
    assert!(page.contains("The newest 100 of 130"));
    assert!(page.contains("Company 129.") && !page.contains("Company 29."));
    let calls = finch.emulator.recent_calls();
    assert_eq!(calls.len(), 100);
    assert!(calls.iter().all(|call| call.path == "/auth/token" && call.status == Some(200)));
    assert_eq!(finch.emulator.state().calls["other"], 0);
    let long = format!("/{}", "ü".repeat(5000));
    send(finch.get(&long)).await;
    let last = send(finch.get("/__emulator/calls")).await.json();
    assert!(last[99]["path"].as_str().unwrap().len() <= 120);
    finch.emulator.push_fault(finch_emulator::Fault::on("/providers").drop_before_effect());
    assert!(finch.get("/providers").send().await.is_err());
    assert_eq!(finch.emulator.recent_calls()[99].status, None);
}
