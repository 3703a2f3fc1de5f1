//! `finch emulator` as a command.

use std::{
    io::{BufRead, BufReader},
    net::TcpListener,
};

use crate::{
    served::{get, post, ready},
    support::{Place, signal},
};

#[test]
fn it_answers_until_it_is_told_to_stop() {
    for how in ["INT", "TERM"] {
        let place = Place::without_key();
        let mut child = place.spawn(
            &["emulator", "--json", "--client-id", "id-1", "--disconnect-scope", "connection"],
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
        .says("choose another port");
    let failure = place.run(&["emulator", "--json", "--port", &port]).code(1).failure();
    assert_eq!(failure["kind"], "port_taken");
}

#[test]
fn a_person_gets_lines_to_copy() {
    let place = Place::without_key();
    let mut child = place.spawn(&["emulator", "--client-id", "it's $me"], "");
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
    let secret_file = ["emulator", "--json", "--seed", "7", "--client-secret-file", "-"];
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
    let given = ["emulator", "--json", "--webhook-url", &url, "--webhook-secret-file", "-"];
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
    let mut child = place.spawn(&["emulator", "--json"], "");
    ready(&mut child);
    let limits = std::fs::read_to_string(format!("/proc/{}/limits", child.id())).expect("limits");
    let core = limits.lines().find(|line| line.starts_with("Max core file size"));
    let words: Vec<_> = core.expect("a limit").split_whitespace().collect();
    assert_eq!(words[4..6], ["0", "0"], "{limits}");
    signal(&child, "TERM");
    child.wait().expect("it ends");
}
