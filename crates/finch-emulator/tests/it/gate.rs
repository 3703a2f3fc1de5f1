//! Which hosts it answers as, and that pages of other origins change nothing.

use std::{
    io::Read,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use finch_emulator::{Emulator, EmulatorConfig, EmulatorError, Fault};
use serde_json::json;

use crate::{
    server::{Server, send},
    support::{Answer, secret, step_1},
};

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

fn config(host: impl Into<IpAddr>, allowed: &[&str]) -> EmulatorConfig {
    let allowed_hosts = allowed.iter().map(|name| (*name).to_owned()).collect();
    EmulatorConfig { host: host.into(), allowed_hosts, ..EmulatorConfig::default() }
}

async fn as_host(server: &Server, host: &str) -> Answer {
    send(server.http("GET", "/providers").header("host", host)).await
}

/// The status of requests with each of these hosts.
async fn check(server: &Server, status: u16, hosts: &[&str]) {
    for host in hosts {
        let answer = as_host(server, host).await;
        assert_eq!(answer.status, status, "{host}");
        if status == 421 {
            assert_eq!(answer.json()["name"], "misdirected_request_error");
            assert!(answer.text.contains("--allow-host"), "{}", answer.text);
        }
    }
}

#[tokio::test]
async fn on_loopback_it_answers_as_loopback_only() {
    let server = Server::start().await;
    #[rustfmt::skip]
    check(&server, 200, &[
        "127.0.0.1", "127.0.0.1:4000", "127.8.9.1", "localhost", "LocalHost:1", "localhost.",
        "a.localhost:80", "[::1]", "[::1]:4000", "[::ffff:127.0.0.1]",
    ])
    .await;
    #[rustfmt::skip]
    check(&server, 421, &[
        "evil.example", "evil.example:4000", "localhost.evil.example", "127.0.0.1.evil.example",
        "evil-localhost", "evil.example:127.0.0.1", "127.0.0.1@evil.example", "0.0.0.0",
        "10.0.0.5:4000", "[::]", "[::2]:4000", "finch-emulator:4000", ".", "",
    ])
    .await;
}

#[tokio::test]
async fn beyond_loopback_it_answers_as_any_address_and_as_allowed_names() {
    let server = Server::with(config(ANY, &["Finch-Emulator", "host.docker.internal."])).await;
    #[rustfmt::skip]
    check(&server, 200, &[
        "127.0.0.1", "localhost", "10.0.0.5:4000", "0.0.0.0", "[fd00::1]:4000",
        "finch-emulator:4000", "finch-emulator.", "HOST.docker.internal",
    ])
    .await;
    let others =
        ["evil.example", "finch-emulator.evil.example", "my-finch-emulator", "docker.internal"];
    check(&server, 421, &others).await;
    assert!(server.emulator.url().starts_with("http://127.0.0.1:"));
    // An allowed name is allowed on loopback, too: behind a proxy, for example.
    let server = Server::with(config(Ipv4Addr::LOCALHOST, &["finch.test"])).await;
    check(&server, 200, &["finch.test"]).await;
    check(&server, 421, &["10.0.0.5"]).await;
}

/// DNS rebinding: to the browser, the page and the emulator have one origin.
#[tokio::test]
async fn a_page_whose_name_points_at_this_machine_drives_nothing() {
    let server = Server::start().await;
    let token = server.connect(step_1());
    let secret = secret(&token);
    server.emulator.push_fault(Fault::on("/introspect").status(500));
    let before = server.emulator.state();
    for (method, path) in [
        ("GET", "/"),
        ("GET", "/authorize?session=x"),
        ("GET", "/unknown"),
        ("POST", "/disconnect"),
        ("POST", "/__emulator/dashboard/disconnect"),
        ("POST", "/__emulator/reset"),
        ("OPTIONS", "/disconnect"),
    ] {
        let call = server.http(method, path).header("host", "evil.example:4000");
        let call = call.header("origin", "http://evil.example:4000").bearer_auth(secret);
        let call = call.header("sec-fetch-site", "same-origin");
        let answer = send(call.json(&json!({ "connection_id": token["connection_id"] }))).await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.text.contains(secret) && !answer.text.contains("connection_id"));
    }
    // Nothing was counted, affected by a fault or done.
    assert_eq!(server.emulator.state(), before);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing() {
    let server = Server::start().await;
    let token = server.connect(step_1());
    let before = server.emulator.state();
    let form = [("connection_id", token["connection_id"].as_str().unwrap())];
    let own = server.emulator.url().to_owned();
    let post = async |path: &str, (name, value): (&str, &str)| {
        let call =
            server.http("POST", path).header(name, value).bearer_auth(secret(&token)).form(&form);
        send(call).await
    };
    let others = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "http://127.0.0.1:1"),
    ];
    for path in ["/auth/token", "/disconnect", "/__emulator/dashboard/disconnect"] {
        for header in others.into_iter().chain([("origin", "null")]) {
            let answer = post(path, header).await;
            assert_eq!(answer.error(), (403, "cross_site_error".to_owned()), "{path} {header:?}");
        }
    }
    for header in others {
        assert_eq!(post("/authorize", header).await.status, 403, "{header:?}");
    }
    assert_eq!(server.emulator.state(), before);
    // 400: it reaches Connect, and lacks a session. Older browsers send no other origin from its pages.
    for header in [("origin", "null"), ("sec-fetch-site", "same-origin")] {
        assert_eq!(post("/authorize", header).await.status, 400, "{header:?}");
    }
    let answer = post("/__emulator/dashboard/disconnect", ("origin", &own)).await;
    assert_eq!(answer.status, 303);
    // Reading is allowed: browsers keep the response from the page.
    let call = server.http("GET", "/providers").header("sec-fetch-site", "cross-site");
    assert_eq!(send(call).await.status, 200);
}

#[tokio::test]
async fn it_listens_at_the_configured_address() {
    for (host, url) in [
        (Ipv4Addr::new(127, 0, 0, 2).into(), "http://127.0.0.2:"),
        (IpAddr::from(Ipv6Addr::LOCALHOST), "http://[::1]:"),
        (Ipv6Addr::UNSPECIFIED.into(), "http://[::1]:"),
    ] {
        let server = Server::with(config(host, &[])).await;
        assert!(server.emulator.url().starts_with(url), "{}", server.emulator.url());
        assert_eq!(send(server.http("GET", "/providers")).await.status, 200);
    }
    // TEST-NET-1: no machine has it.
    let host = Ipv4Addr::new(192, 0, 2, 1);
    let error = Emulator::start_with(config(host, &[])).await.unwrap_err();
    assert!(matches!(error, EmulatorError::Listen { address, .. } if address.ip() == host));
}

#[tokio::test]
async fn an_allowed_host_must_be_a_name() {
    for name in ["", "http://finch", "finch:4000", "finch/", "*", "a b", &"a".repeat(254)] {
        let error = Emulator::start_with(config(ANY, &[name])).await.unwrap_err();
        assert!(matches!(error, EmulatorError::BadAllowedHost), "{name}: {error}");
    }
}

#[tokio::test]
async fn every_host_in_a_request_must_be_allowed() {
    let server = Server::start().await;
    for (head, status) in [
        ("GET /providers HTTP/1.1\r\nHost: 127.0.0.1", " 200 "),
        ("GET http://localhost/providers HTTP/1.1\r\nHost: localhost", " 200 "),
        ("GET /providers HTTP/1.1", " 400 "),
        ("GET /providers HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example", " 421 "),
        ("GET /providers HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1", " 421 "),
        ("GET http://evil.example/providers HTTP/1.1\r\nHost: 127.0.0.1", " 421 "),
        ("GET http://127.0.0.1/providers HTTP/1.1\r\nHost: evil.example", " 421 "),
        ("GET /providers HTTP/1.1\r\nHost: \u{e4}", " 421 "),
    ] {
        let mut answer = String::new();
        let mut stream = server.dial(&format!("{head}\r\nConnection: close"));
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.lines().next().unwrap().contains(status), "{head}: {answer}");
    }
}
