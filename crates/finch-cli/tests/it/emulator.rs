//! `finch emulator` as a command.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
};

use crate::{
    served::{get, post, raw, ready},
    support::{Place, signal},
};

#[test]
fn it_answers_until_it_is_told_to_stop() {
    for how in ["INT", "TERM"] {
        let place = Place::without_key();
        let mut child = place.spawn(
            &[
                "emulator",
                "--port",
                "0",
                "--json",
                "--client-id",
                "id-1",
                "--disconnect-scope",
                "connection",
            ],
            "",
        );
        let said = ready(&mut child);
        assert_eq!(said["client_id"], "id-1");
        assert_eq!(said["disconnect_scope"], "connection");
        assert!(said["client_secret"].is_string());
        let url = said["url"].as_str().expect("a url");
        assert!(get(url, "/__emulator/state").starts_with("HTTP/1.1 200"));
        signal(&child, how);
        let output = child.wait_with_output().expect("it ends");
        place.ran(&["emulator"], output).code(0);
    }
}

#[test]
fn a_taken_port_is_said() {
    let place = Place::without_key();
    let port = place.finch.url().rsplit(':').next().expect("a port").to_owned();
    place
        .run(&["emulator", "--port", &port])
        .code(1)
        .says(&format!("port {port}"))
        .says("choose another port with --port");
    let failure = place.run(&["emulator", "--json", "--port", &port]).code(1).failure();
    assert_eq!(failure["kind"], "port_taken");
}

/// A restart keeps the address, because a store belongs to one.
#[test]
fn it_listens_on_port_4000_or_says_that_it_is_taken() {
    let place = Place::without_key();
    place.run(&["emulator", "--help"]).code(0).shows("[default: 4000]");
    // Another program may have the port already: then this child says so, too, and ends.
    let mut child = place.spawn(&["emulator", "--json"], "");
    let mut line = String::new();
    let mut out = BufReader::new(child.stdout.take().expect("standard output"));
    if out.read_line(&mut line).expect("a line or the end") > 0 {
        assert!(line.contains("\"http://127.0.0.1:4000\""), "{line}");
        let failure = place.run(&["emulator", "--json"]).code(1).failure();
        assert_eq!(failure["kind"], "port_taken");
        signal(&child, "TERM");
        place.ran(&["emulator"], child.wait_with_output().expect("it ends")).code(0);
    } else {
        let ended = place.ran(&["emulator"], child.wait_with_output().expect("it ends"));
        ended.code(1).says("port 4000 on 127.0.0.1 is taken").says("--port");
    }
}

#[test]
fn others_reach_it_where_the_operator_says_so() {
    let host = |name: &str| format!("Host: {name}\r\n");
    let status =
        |url: &str, name: &str| raw(url, &format!("GET /providers HTTP/1.1\r\n{}", host(name)), "");
    for (more, others) in
        [(&[][..], false), (&["--host", "0.0.0.0", "--allow-host", "finch-emulator"], true)]
    {
        let place = Place::without_key();
        let mut child = place.spawn(&[&["emulator", "--port", "0", "--json"], more].concat(), "");
        let said = ready(&mut child);
        let url = said["url"].as_str().expect("a url");
        assert!(url.starts_with("http://127.0.0.1:"), "{url}");
        assert!(status(url, "127.0.0.1").starts_with("HTTP/1.1 200"));
        let expected = if others { "HTTP/1.1 200" } else { "HTTP/1.1 421" };
        for name in ["finch-emulator:4000", "10.0.0.5"] {
            assert!(status(url, name).starts_with(expected), "{more:?} {name}");
        }
        assert!(status(url, "evil.example").starts_with("HTTP/1.1 421"));
        signal(&child, "TERM");
        let output = child.wait_with_output().expect("it ends");
        let warned = String::from_utf8_lossy(&output.stderr).contains("a network that you trust");
        assert_eq!(warned, others);
    }
    let place = Place::without_key();
    place.run(&["emulator", "--host", "example"]).code(2).says("--host").says("IP address");
    let bad = ["emulator", "--port", "0", "--allow-host", "http://canary"];
    place.run(&bad).code(2).says("--allow-host").says("without scheme");
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
fn a_seed_makes_the_same_ids_again() {
    let secret_file =
        ["emulator", "--port", "0", "--json", "--seed", "7", "--client-secret-file", "-"];
    let ids: Vec<_> = [0, 1]
        .map(|_| {
            let place = Place::without_key();
            let mut child = place.spawn(&secret_file, "from standard input\n");
            let said = ready(&mut child);
            assert_eq!(said["client_secret"], "from standard input");
            let answer = get(said["url"].as_str().expect("a url"), "/providers");
            signal(&child, "TERM");
            assert_eq!(child.wait().expect("it ends").code(), Some(0));
            let header = |line: &&str| line.to_ascii_lowercase().starts_with("finch-request-id");
            answer.lines().find(header).expect("a request id").to_owned()
        })
        .into();
    assert_eq!(ids[0], ids[1]);
}

#[test]
fn credentials_that_nobody_could_send_are_refused() {
    let place = Place::without_key();
    place.run(&["emulator", "--client-id", "a:b"]).code(2).says("colon");
    place.run(&["emulator", "--client-secret", " "]).code(2).says("empty");
}

#[test]
fn webhooks_go_where_they_are_told_to() {
    let place = Place::without_key();
    let receiver = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
    let url = format!("http://{}/hooks", receiver.local_addr().expect("an address"));
    let given =
        ["emulator", "--port", "0", "--json", "--webhook-url", &url, "--webhook-secret-file", "-"];
    let mut child = place.spawn(&given, "c2VjcmV0\n");
    let said = ready(&mut child);
    assert_eq!(said["webhook_url"], url);
    let finch = said["url"].as_str().expect("a url");
    let page = get(finch, "/");
    assert!(page.contains(&url) && !page.contains("c2VjcmV0"), "{page}");
    let send = r#"{"event_type": "test"}"#;
    let answer = post(finch, "/__emulator/webhooks/send", send);
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let (stream, _) = receiver.accept().expect("a webhook");
    let line = BufReader::new(stream).lines().next().expect("a line").expect("text");
    assert_eq!(line, "POST /hooks HTTP/1.1");
    signal(&child, "TERM");
    assert_eq!(child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn webhooks_that_cannot_be_sent_are_refused() {
    let place = Place::without_key();
    let url = ["emulator", "--webhook-url", "https://app.example/hooks"];
    place.run(&url).code(2).says("--webhook-secret");
    let with = |secret| [&url[..], &["--webhook-secret", secret]].concat();
    place.run(&with("c2VjcmV0")).code(2).says("plain http").says("--webhook-url");
    let http = ["emulator", "--webhook-url", "http://127.0.0.1:1/", "--webhook-secret", "canary"];
    place.run(&http).code(2).says("base64");
    place.run(&["emulator", "--webhook-secret", "c2VjcmV0"]).code(2).says("--webhook-url");
}

/// Tokens and keys are in its memory.
#[test]
#[cfg(target_os = "linux")]
fn a_crash_leaves_no_picture_of_the_memory() {
    let place = Place::without_key();
    let mut child = place.spawn(&["emulator", "--port", "0", "--json"], "");
    ready(&mut child);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    signal(&child, "TERM");
    child.wait().expect("it ends");
}
