//! `finch emulator` as a command.

use std::{
    io::{BufRead, BufReader},
    process::Child,
};

use serde_json::Value;

use crate::{
    served::{get, raw, ready},
    support::{Place, Ran, signal},
};

/// A running emulator, and what it printed first.
fn start(place: &Place, line: &str, input: &str) -> (Child, Value) {
    let line = format!("emulator --port 0 --json {line}");
    let mut child = place.spawn(&line.split_whitespace().collect::<Vec<_>>(), input);
    let said = ready(&mut child);
    (child, said)
}

fn stop(place: &Place, child: Child, how: &str) -> Ran {
    signal(&child, how);
    place.ran(&["emulator"], child.wait_with_output().expect("it ends")).code(0)
}

fn url(said: &Value) -> &str {
    said["url"].as_str().expect("a url")
}

#[test]
fn it_answers_until_a_signal() {
    for how in ["INT", "TERM"] {
        let place = Place::without_key();
        let line = "--client-id id-1 --disconnect-scope connection --seed 7 --client-secret-file -";
        let (child, said) = start(&place, line, "from standard input\n");
        assert_eq!(said["client_id"], "id-1");
        assert_eq!(said["disconnect_scope"], "connection");
        assert_eq!(said["client_secret"], "from standard input");
        assert!(get(url(&said), "/__emulator/state").starts_with("HTTP/1.1 200"));
        stop(&place, child, how);
    }
}

/// A restart keeps the address, because a store belongs to one.
#[test]
fn it_listens_on_port_4000_and_a_taken_port_is_named() {
    let place = Place::without_key();
    place.cli("emulator --help").code(0).shows("[default: 4000]");
    // Another program may have the port already: then this child says so, too, and ends.
    let port = place.finch.url().rsplit(':').next().expect("a port").to_owned();
    let taken = format!("port {port} on 127.0.0.1 is taken");
    let ran = finch!(place, "emulator --port {port}").code(1).says(&taken);
    ran.says("choose another port").says("--port");
    let failure = finch!(place, "emulator --json --port {port}").code(1).failure();
    assert_eq!(failure["kind"], "port_taken");
}

#[test]
fn others_reach_it_where_the_operator_says_so() {
    let status = |url: &str, name: &str| {
        raw(url, &format!("GET /providers HTTP/1.1\r\nHost: {name}\r\n"), "")
    };
    for (more, others) in [("", false), ("--host 0.0.0.0 --allow-host finch-emulator", true)] {
        let place = Place::without_key();
        let (child, said) = start(&place, more, "");
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
    let mut child = place.spawn(&["emulator", "--port", "0", "--client-id", "it's $me"], "");
    let mut lines = BufReader::new(child.stdout.take().expect("standard output")).lines();
    let mut said = String::new();
    while !said.contains("/__emulator/state") {
        said.push_str(&lines.next().expect("more").expect("a line"));
        said.push('\n');
    }
    for text in [
        "export FINCH_BASE_URL=http://127.0.0.1:",
        r"export FINCH_CLIENT_ID='it'\''s $me'",
        "/__emulator/codes",
    ] {
        assert!(said.contains(text), "no {text} in {said}");
    }
    assert!(said.lines().all(|line| line.len() <= 80), "{said}");
    signal(&child, "INT");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn webhooks_go_to_the_given_receiver() {
    let place = Place::without_key();
    let to = "http://127.0.0.1:9/hooks";
    let line = format!("--webhook-url {to} --webhook-secret-file -");
    let (child, said) = start(&place, &line, "c2VjcmV0\n");
    assert_eq!(said["webhook_url"], to);
    let page = get(url(&said), "/");
    assert!(page.contains(to) && !page.contains("c2VjcmV0"), "{page}");
    stop(&place, child, "TERM");
}

#[test]
fn settings_that_no_emulator_can_have_are_refused() {
    let place = Place::without_key();
    let https = "--webhook-url https://app.example/hooks";
    for (line, says) in [
        ("--client-id a:b", &["colon"][..]),
        ("--host example", &["--host", "IP address"]),
        ("--port 0 --allow-host http://canary", &["--allow-host", "without scheme"]),
        (https, &["--webhook-secret"]),
        (&format!("{https} --webhook-secret c2VjcmV0"), &["plain http", "--webhook-url"]),
        ("--webhook-url http://127.0.0.1:1/ --webhook-secret canary", &["base64"]),
        ("--webhook-secret c2VjcmV0", &["--webhook-url"]),
    ] {
        let ran = finch!(place, "emulator {line}").code(2);
        says.iter().fold(ran, |ran, text| ran.says(text));
    }
    place.run(&["emulator", "--client-secret", " "]).code(2).says("empty");
}

/// Tokens and keys are in its memory.
#[test]
#[cfg(target_os = "linux")]
fn a_crash_leaves_no_picture_of_the_memory() {
    let place = Place::without_key();
    let (child, _) = start(&place, "", "");
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    stop(&place, child, "TERM");
}
