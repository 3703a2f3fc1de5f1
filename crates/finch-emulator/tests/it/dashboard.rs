//! The dashboard and its forms.

use std::time::Duration;

use finch_emulator::{Fault, Login, WebhookEvent};
use serde_json::json;

use crate::support::{Answer, Finch, HOOKS, HOOKS_SECRET, SECRET, secret, step_1, step_4};

fn look(finch: &Finch) -> String {
    let answer = finch.get("/").send();
    assert_eq!(answer.status, 200);
    answer.text
}

fn press(finch: &Finch, form: &str, fields: &[(&str, &str)]) -> Answer {
    finch.post(&format!("/__emulator/dashboard/{form}")).form(fields).send()
}

/// A form that worked leads back to its section, which says so.
fn done(finch: &Finch, form: &str, fields: &[(&str, &str)], section: &str) {
    let answer = press(finch, form, fields);
    assert_eq!(answer.status, 303, "{form}: {}", answer.text);
    let location = answer.header("location").unwrap();
    assert!(location.starts_with("/?done=") && location.ends_with(section), "{location}");
    let page = finch.get(location.split('#').next().unwrap()).send().text;
    let heading = format!("<h2 id=\"{}-title\">", &section[1..]);
    let below = page.split_once(&heading).unwrap().1.split_once("</h2>").unwrap().1;
    assert!(below.trim_start().starts_with("<p class=\"done\" role=\"status\">"), "{below}");
}

fn refused(finch: &Finch, form: &str, fields: &[(&str, &str)]) -> String {
    let answer = press(finch, form, fields);
    assert_eq!(answer.status, 400, "{form}");
    assert!(answer.text.contains("role=\"alert\"") && answer.text.contains("Connections"));
    answer.text
}

#[test]
fn it_shows_everything_but_secrets() {
    let finch = Finch::start();
    assert!(look(&finch).contains("None yet"));
    let finch = Finch::with_webhooks();
    let token = finch.connect(step_1().customer_id("acme"));
    finch.disconnect(&finch.connect(step_4().customer_id("other")));
    let call = finch.introspect(&token);
    let page = look(&finch);
    let names = ["Company C", "Gusto", "JustWorks", "acme", "POST /disconnect"];
    let states = [">connected<", ">disconnected<", ">revoked<"];
    for shown in names.into_iter().chain(states).chain([
        token["connection_id"].as_str().unwrap(),
        &format!("{}… (36 characters)", &secret(&token)[..4]),
        call.header("finch-request-id").unwrap(),
        "5WbX… (32 characters)",
        HOOKS,
    ]) {
        assert!(page.contains(shown), "{shown}");
    }
    for hidden in [&secret(&token)[..5], &HOOKS_SECRET[..5], SECRET] {
        assert!(!page.contains(hidden), "{hidden}");
    }
}

#[test]
fn a_connection_is_ended_its_status_set_and_the_clock_advanced() {
    let finch = Finch::with_webhooks();
    let token = finch.connect(step_1());
    let id = ("connection_id", token["connection_id"].as_str().unwrap());
    let hint = [("event_type", "account.updated"), id, ("status", "disconnected")];
    done(&finch, "send", &hint, "#webhooks");
    done(&finch, "status", &[id, ("status", "reauth")], "#connections");
    assert!(finch.works(&token));
    done(&finch, "disconnect", &[id], "#connections");
    assert!(!finch.works(&token));
    assert_eq!(finch.emulator.webhook_deliveries().len(), 3);
    refused(&finch, "disconnect", &[id]);
    refused(&finch, "status", &[id, ("status", "connected")]);
    let now = finch.emulator.now();
    done(&finch, "clock", &[("seconds", "600")], "#clock");
    assert_eq!(finch.emulator.now() - now, Duration::from_secs(600));
    for bad in ["-1", "", "1e9", "3153600001"] {
        refused(&finch, "clock", &[("seconds", bad)]);
    }
}

#[test]
fn faults_are_switched_on_and_off() {
    let finch = Finch::start();
    let waiting = || finch.emulator.state().faults;
    let rate_limit = ("fault", r#"{"rate_limit":{}}"#);
    let form = [("path", "/providers"), rate_limit, ("times", "2")];
    done(&finch, "fault", &form, "#faults");
    assert_eq!(finch.get("/providers").send().status, 429);
    let json = r#"[{"path": "/introspect", "status": 500}, {"status": 503, "times": 3}]"#;
    done(&finch, "fault", &[("fault", json)], "#faults");
    assert_eq!(waiting().len(), 3);
    let second = ("fault", waiting()[1].to_string());
    let second = (second.0, second.1.as_str());
    // Another fault has this position by now.
    let page = refused(&finch, "fault-off", &[("at", "0"), second]);
    assert!(page.contains("look again"));
    done(&finch, "fault-off", &[("at", "1"), second], "#faults");
    assert_eq!(waiting().len(), 2);
    done(&finch, "fault-off", &[], "#faults");
    assert_eq!(finch.get("/providers").send().status, 200);
    for (fault, times) in
        [("{", "1"), ("7", "1"), (r#"{"lie":true}"#, "x"), (r#"{"lie":true}"#, "0")]
    {
        refused(&finch, "fault", &[("fault", fault), ("times", times)]);
    }
    assert!(waiting().is_empty());
}

#[test]
fn a_refused_fault_stays_in_its_form() {
    let finch = Finch::start();
    for (json, problem) in [
        (r#"{"status": 500"#, "It is not JSON: the error is at line 1, column 14."),
        ("\n</textarea><b>", "It is not JSON: the error is at line 2, column 1."),
        (r#"{"lie": 1}"#, "<code>lie</code> must be true"),
        ("7", "It must be a fault (a JSON object) or an array of faults."),
    ] {
        let page = refused(&finch, "fault", &[("fault", json)]);
        assert!(page.contains("<details open>\n<summary>Write one as JSON</summary>"), "{page}");
        let shown = json.replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
        let attributes = "autofocus aria-invalid=\"true\" aria-describedby=\"problem\"";
        assert!(page.contains(&format!("{attributes}>\n{shown}</textarea>")), "{page}");
        assert!(page.contains(&format!("Not switched on. {problem}")), "{page}");
        assert_eq!(page.matches("id=\"problem\"").count(), 1);
    }
    // A fault chosen from the list was not written as JSON.
    let page = refused(&finch, "fault", &[("fault", "{"), ("path", "")]);
    assert!(!page.contains("<details open"));
}

#[test]
fn each_fault_of_the_list_is_valid() {
    let finch = Finch::start();
    let page = look(&finch);
    let list = page.split_once("name=\"fault\"").unwrap().1.split("</select>").next().unwrap();
    let choices: Vec<_> = list.split("<option value=\"").skip(1).collect();
    assert!(choices.len() > 40);
    for choice in choices {
        let fault = choice.split('"').next().unwrap().replace("&#34;", "\"");
        done(&finch, "fault", &[("path", "/introspect"), ("fault", &fault)], "#faults");
    }
}

#[test]
fn webhooks_are_registered_sent_resent_and_rotated() {
    let finch = Finch::start();
    let url = ("url", HOOKS);
    refused(&finch, "send", &[("event_type", "test")]);
    refused(&finch, "webhook", &[url, ("secret", "no base64")]);
    done(&finch, "webhook", &[url, ("secret", HOOKS_SECRET)], "#webhooks");
    done(&finch, "send", &[("event_type", "test")], "#webhooks");
    let sent = finch.emulator.take_webhook().unwrap();
    finch.emulator.webhook_answered(&sent, Some(500));
    assert!(look(&finch).contains("answered 500"));
    // It is resent before its time, and signed by the secret that the page suggests, too.
    let page = look(&finch);
    let suggested = page.split_once("id=\"rotate-secret\"").unwrap().1;
    let suggested = suggested.split("value=\"").nth(1).unwrap().split('"').next().unwrap();
    let suggested = &suggested.replace("&#61;", "=");
    done(&finch, "webhook", &[("secret", suggested), ("action", "rotate")], "#webhooks");
    let event = ("event_id", sent.event_id.as_str());
    done(&finch, "resend", &[event], "#webhooks");
    let again = finch.emulator.take_webhook().unwrap();
    assert_eq!((again.body, again.signature.split(' ').count()), (sent.body, 2));
    // A new URL keeps the secret.
    done(&finch, "webhook", &[("action", "finish")], "#webhooks");
    done(&finch, "send", &[("event_type", "test")], "#webhooks");
    assert!(!look(&finch).contains(suggested), "a secret in use is not shown");
    done(&finch, "webhook", &[url, ("secret", "")], "#webhooks");
    done(&finch, "webhook", &[("action", "remove")], "#webhooks");
    refused(&finch, "resend", &[event]);
}

#[test]
fn pages_and_assets_have_strict_headers() {
    let finch = Finch::start();
    let policy = "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; \
                  base-uri 'none'; frame-ancestors 'none'";
    for (path, name, value) in [
        ("/", "content-security-policy", policy),
        ("/", "cache-control", "no-store"),
        ("/", "referrer-policy", "same-origin"),
        ("/", "x-content-type-options", "nosniff"),
        ("/", "x-frame-options", "DENY"),
        ("/", "content-type", "text/html; charset=utf-8"),
        ("/__emulator/icon.svg", "content-type", "image/svg+xml"),
        ("/__emulator/style.css", "content-type", "text/css; charset=utf-8"),
    ] {
        let page = finch.get(path).send();
        assert_eq!((page.status, page.header(name)), (200, Some(value)), "{path}");
        assert!(!page.text.contains(" style=") && !page.text.contains("<script"));
    }
}

#[test]
fn no_name_becomes_html() {
    let attack = "\"'><script>alert(1)</script>";
    let finch = Finch::with_webhooks();
    let login = Login::new(attack, attack, attack, attack).customer_id(attack).products([attack]);
    let token = finch.connect(login);
    let event = json!({ "event_type": attack, "connection_id": attack });
    finch.emulator.send_webhook(&WebhookEvent::Json(event)).unwrap();
    finch.emulator.push_fault(Fault::on("/x").status_with(500, attack));
    finch.get("/'%22%3E%3Cscript%3E").send();
    let url = ("url", "http://127.0.0.1:1/?a=<script>");
    done(&finch, "webhook", &[url, ("secret", "")], "#webhooks");
    let id = token["connection_id"].as_str().unwrap();
    let bad = refused(&finch, "fault", &[("fault", &format!("{{\"{id}<script>\":1}}"))]);
    for page in [look(&finch), bad] {
        assert!(!page.contains("<script") && page.matches("alert(1)").count() > 8);
    }
}

/// The direction of a name does not affect the words around it, and a long one does not hide a token.
#[test]
fn names_are_isolated_and_complete() {
    let finch = Finch::with_webhooks();
    let long = "x".repeat(255);
    let names = [long.as_str(), "גוסטו (7)!"];
    for name in names {
        finch.connect(Login::new(name, name, name, "X").customer_id(name));
    }
    let page = look(&finch);
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
        assert_eq!(bare.count(), 0, "{name} is not isolated");
    }
}

#[test]
fn lists_are_bounded_and_pages_are_no_calls() {
    let finch = Finch::start();
    for number in 0..130 {
        finch.connect(Login::new("A", "Gusto", format!("Company {number}."), "X"));
    }
    let page = look(&finch);
    assert!(page.contains("The newest 100 of 130"));
    assert!(page.contains("Company 129.") && !page.contains("Company 29."));
    let calls = finch.emulator.recent_calls();
    assert_eq!(calls.len(), 100);
    assert!(calls.iter().all(|call| call.path == "/auth/token" && call.status == Some(200)));
    assert_eq!(finch.emulator.state().calls["other"], 0);
    finch.get(&format!("/{}", "ü".repeat(5000))).send();
    let last = finch.get("/__emulator/calls").send().json();
    assert_eq!(last[99]["path"].as_str().unwrap().len(), 119);
    finch.emulator.push_fault(Fault::on("/providers").drop_before_effect());
    assert!(finch.get("/providers").try_send().is_none());
    assert_eq!(finch.emulator.recent_calls()[99].status, None);
}
