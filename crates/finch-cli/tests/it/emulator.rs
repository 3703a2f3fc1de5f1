//! `finch emulator` as a command.

use std::process::Child;

use serde_json::Value;

use crate::support::{Place, Ran, call, first_line, get, signal};

/// A running emulator, and what it printed first.
fn start(place: &Place, line: &str) -> (Child, Value) {
    let line = format!("emulator --port 0 --json {line}");
    place.ready(&line.split_whitespace().collect::<Vec<_>>())
}

fn stop(place: &Place, child: Child, how: &str) -> Ran {
    signal(&child, how);
    place.end(&["emulator"], child).code(0)
}

fn url(said: &Value) -> &str {
    said["url"].as_str().expect("a url")
}

#[test]
fn it_answers_until_a_signal() {
    let mut place = Place::without_key();
    place.set("FINCH_EMULATOR_CLIENT_SECRET", Some("of the environment"));
    place.set("FINCH_EMULATOR_WEBHOOK_SECRET", Some("c2VjcmV0"));
    for how in ["INT", "TERM"] {
        let to = "http://127.0.0.1:9/hooks";
        let line =
            format!("--client-id id-1 --disconnect-scope connection --seed 7 --webhook-url {to}");
        let (child, said) = start(&place, &line);
        for (name, value) in [
            ("client_id", "id-1"),
            ("client_secret", "of the environment"),
            ("disconnect_scope", "connection"),
            ("webhook_url", to),
        ] {
            assert_eq!(said[name], value);
        }
        assert!(get(url(&said), "/__emulator/state").starts_with("HTTP/1.1 200"));
        let page = get(url(&said), "/");
        assert!(page.contains(to) && !page.contains("c2VjcmV0"), "{page}");
        stop(&place, child, how);
    }
}

#[test]
fn others_reach_it_where_the_operator_says_so() {
    let status = |url: &str, name: &str| {
        call(url, &format!("GET /providers HTTP/1.1\r\nHost: {name}\r\n"), "")
    };
    for (more, others) in [("", false), ("--host 0.0.0.0 --allow-host finch-emulator", true)] {
        let place = Place::without_key();
        let (child, said) = start(&place, more);
        assert!(url(&said).starts_with("http://127.0.0.1:"), "{said}");
        assert!(status(url(&said), "127.0.0.1").starts_with("HTTP/1.1 200"));
        let expected = if others { "HTTP/1.1 200" } else { "HTTP/1.1 421" };
        for name in ["finch-emulator:4000", "10.0.0.5"] {
            assert!(status(url(&said), name).starts_with(expected), "{more:?} {name}");
        }
        assert!(status(url(&said), "evil.example").starts_with("HTTP/1.1 421"));
        let ran = stop(&place, child, "TERM");
        assert_eq!(ran.err.contains("a network that you trust"), others);
    }
}

#[test]
fn a_person_gets_lines_to_copy() {
    let place = Place::without_key();
    let arguments = ["emulator", "--port", "0", "--client-id", "it's $me"];
    let mut child = place.spawn(&arguments, "");
    let first = first_line(child.stdout.as_mut());
    let said = first + &stop(&place, child, "INT").out;
    for text in [
        "export FINCH_BASE_URL=http://127.0.0.1:",
        r"export FINCH_CLIENT_ID='it'\''s $me'",
        "/__emulator/codes",
    ] {
        assert!(said.contains(text), "no {text} in {said}");
    }
    assert!(said.lines().all(|line| line.len() <= 80), "{said}");
}

#[test]
fn settings_that_no_emulator_can_have_are_refused() {
    let place = Place::without_key();
    let https = "emulator --webhook-url https://app.example/hooks";
    let base64 = "emulator --webhook-url http://127.0.0.1:1/ --webhook-secret canary";
    // A restart keeps the address, because a store belongs to one: a taken port is named.
    let port = place.finch.url().rsplit(':').next().expect("a port");
    let taken = format!("port {port} on 127.0.0.1 is taken");
    place.each(&[
        (&format!("emulator --port {port}"), 1, &[&taken, "choose another port"]),
        ("emulator --help", 0, &["[default: 4000]"]),
        ("emulator --client-id a:b", 2, &["colon"]),
        ("emulator --host example", 2, &["--host", "IP address"]),
        ("emulator --port 0 --allow-host http://canary", 2, &["without scheme"]),
        (https, 2, &["--webhook-secret"]),
        (&format!("{https} --webhook-secret c2VjcmV0"), 2, &["plain http"]),
        (base64, 2, &["base64"]),
        ("emulator --webhook-secret c2VjcmV0", 2, &["--webhook-url"]),
    ]);
}

/// Tokens and keys are in its memory.
#[test]
#[cfg(target_os = "linux")]
fn a_crash_leaves_no_picture_of_the_memory() {
    let place = Place::without_key();
    let (child, _) = start(&place, "");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    stop(&place, child, "TERM");
}
