//! Which hosts it answers as, and which pages of other origins it refuses.

use std::{
    io::{Read, Write},
    net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpStream},
};

use finch_emulator::{Emulator, EmulatorConfig, EmulatorError, Fault};
use reqwest::Method;
use serde_json::json;

use crate::support::{Answer, Finch, send, step_1};

const ANY: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

async fn on(host: IpAddr, allowed: &[&str]) -> Finch {
    let allowed_hosts = allowed.iter().map(|name| (*name).to_owned()).collect();
    Finch::with(EmulatorConfig { host, allowed_hosts, ..EmulatorConfig::default() }).await
}

/// What a page that believes to be at this host gets.
async fn as_host(finch: &Finch, host: &str) -> Answer {
    send(finch.get("/providers").header("host", host)).await
}

#[tokio::test]
async fn on_loopback_it_answers_as_loopback_only() {
    let finch = Finch::start().await;
    for host in [
        "127.0.0.1",
        "127.0.0.1:4000",
        "127.8.9.1",
        "localhost",
        "LocalHost:1",
        "localhost.",
        "a.localhost:80",
        "[::1]",
        "[::1]:4000",
        "[::ffff:127.0.0.1]",
    ] {
        assert_eq!(as_host(&finch, host).await.status, 200, "{host}");
    }
    for host in [
        "evil.example",
        "evil.example:4000",
        "localhost.evil.example",
        "127.0.0.1.evil.example",
        "evil-localhost",
        "evil.example:127.0.0.1",
        "127.0.0.1@evil.example",
        "0.0.0.0",
        "10.0.0.5:4000",
        "[::]",
        "[::2]:4000",
        "finch-emulator:4000",
        ".",
        "",
    ] {
        let answer = as_host(&finch, host).await;
        assert_eq!(answer.error(), (421, "misdirected_request_error".to_owned()), "{host}");
        assert!(answer.text.contains("--allow-host"), "{}", answer.text);
    }
}

/// DNS rebinding: to the browser, the page and the emulator are one origin.
#[tokio::test]
async fn a_page_whose_name_points_at_this_machine_drives_nothing() {
    let finch = Finch::start().await;
    let token = finch.connect(step_1()).await;
    let secret = token["access_token"].as_str().unwrap();
    finch.emulator.push_fault(Fault::on("/introspect").status(500));
    let code = finch.emulator.issue_code(step_1());
    let before = finch.emulator.state();
    let body = json!({ "connection_id": token["connection_id"] });
    for (method, path) in [
        (Method::GET, "/"),
        (Method::GET, "/introspect"),
        (Method::GET, "/authorize?session=x"),
        (Method::GET, "/unknown"),
        (Method::POST, "/disconnect"),
        (Method::POST, "/auth/token"),
        (Method::GET, "/__emulator/state"),
        (Method::GET, "/__emulator/calls"),
        (Method::POST, "/__emulator/codes"),
        (Method::POST, "/__emulator/disconnect"),
        (Method::POST, "/__emulator/dashboard/disconnect"),
        (Method::POST, "/__emulator/reset"),
        (Method::DELETE, "/__emulator/faults"),
        (Method::OPTIONS, "/disconnect"),
    ] {
        let call = finch.call(method, path).header("host", "evil.example:4000");
        let call = call.header("origin", "http://evil.example:4000");
        let call = call.header("sec-fetch-site", "same-origin").bearer_auth(secret).json(&body);
        let answer = send(call).await;
        assert_eq!(answer.status, 421, "{path}");
        assert!(!answer.text.contains(secret) && !answer.text.contains("connection_id"));
    }
    // Not counted, no fault used up, nothing done.
    assert_eq!(finch.emulator.state(), before);
    assert_eq!(finch.exchange(&code, None).await.status, 200);
}

#[tokio::test]
async fn a_page_of_another_origin_changes_nothing_at_finchs_endpoints_either() {
    let finch = Finch::start().await;
    let code = finch.emulator.issue_code(step_1());
    let token = finch.exchange(&code, None).await.json();
    let calls = finch.emulator.state().calls;
    for (name, value) in [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.example"),
        ("origin", "null"),
    ] {
        for path in ["/auth/token", "/disconnect", "/disconnect-entity", "/connect/sessions"] {
            let call = finch.post(path).header(name, value);
            let call = call.bearer_auth(token["access_token"].as_str().unwrap());
            assert_eq!(
                send(call).await.error(),
                (403, "cross_site_error".to_owned()),
                "{path} {value}"
            );
        }
    }
    assert_eq!(finch.emulator.state().calls, calls);
    let foreign = finch.post("/authorize").header("origin", "https://evil.example");
    assert_eq!(send(foreign).await.status, 403);
    // Connect's own pages keep their address, so that older browsers send no origin that says more.
    let own = finch.post("/authorize").header("origin", "null");
    assert_eq!(send(own).await.status, 400);
    assert!(finch.works(&token).await);
}

#[tokio::test]
async fn beyond_loopback_it_answers_as_any_address_and_as_allowed_names() {
    let finch = on(ANY, &["Finch-Emulator", "host.docker.internal."]).await;
    for host in [
        "127.0.0.1",
        "localhost",
        "10.0.0.5:4000",
        "0.0.0.0",
        "[fd00::1]:4000",
        "finch-emulator:4000",
        "finch-emulator.",
        "HOST.docker.internal",
    ] {
        assert_eq!(as_host(&finch, host).await.status, 200, "{host}");
    }
    for host in
        ["evil.example", "finch-emulator.evil.example", "my-finch-emulator", "docker.internal"]
    {
        assert_eq!(as_host(&finch, host).await.status, 421, "{host}");
    }
    assert!(finch.emulator.url().starts_with("http://127.0.0.1:"));
    // An allowed name is allowed on loopback, too: behind a proxy, for example.
    let finch = on(Ipv4Addr::LOCALHOST.into(), &["finch.test"]).await;
    assert_eq!(as_host(&finch, "finch.test").await.status, 200);
    assert_eq!(as_host(&finch, "10.0.0.5").await.status, 421);
}

#[tokio::test]
async fn it_listens_where_it_is_configured_to() {
    for (host, url) in [
        (Ipv4Addr::new(127, 0, 0, 2).into(), "http://127.0.0.2:"),
        (Ipv6Addr::LOCALHOST.into(), "http://[::1]:"),
        (Ipv6Addr::UNSPECIFIED.into(), "http://[::1]:"),
    ] {
        let finch = on(host, &[]).await;
        assert!(finch.emulator.url().starts_with(url), "{}", finch.emulator.url());
        assert_eq!(send(finch.get("/providers")).await.status, 200);
    }
    // TEST-NET-1: no machine has it.
    let host = Ipv4Addr::new(192, 0, 2, 1).into();
    let config = EmulatorConfig { host, ..EmulatorConfig::default() };
    let error = Emulator::start_with(config).await.unwrap_err();
    assert!(
        matches!(error, EmulatorError::Listen { address, .. } if address.ip() == host),
        "{error}"
    );
}

#[tokio::test]
async fn an_allowed_host_must_be_a_name() {
    for name in ["", "http://finch", "finch:4000", "finch/", "*", "a b", &"a".repeat(254)] {
        let allowed_hosts = vec![name.to_owned()];
        let config = EmulatorConfig { allowed_hosts, ..EmulatorConfig::default() };
        let error = Emulator::start_with(config).await.unwrap_err();
        assert!(matches!(error, EmulatorError::BadAllowedHost), "{name}: {error}");
    }
}

/// The status line of a request written by hand.
fn status(emulator: &Emulator, head: &str) -> String {
    let mut stream = TcpStream::connect(emulator.url().trim_start_matches("http://")).unwrap();
    stream.write_all(format!("{head}\r\nConnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    answer.lines().next().unwrap().to_owned()
}

#[tokio::test]
async fn every_host_that_a_request_names_must_be_allowed() {
    let finch = Finch::start().await;
    let answers = |head: &str| status(&finch.emulator, head);
    assert!(answers("GET /providers HTTP/1.1\r\nHost: 127.0.0.1").contains(" 200 "));
    assert!(
        answers("GET http://localhost/providers HTTP/1.1\r\nHost: localhost").contains(" 200 ")
    );
    assert!(answers("GET /providers HTTP/1.1").contains(" 400 "));
    for head in [
        "GET /providers HTTP/1.1\r\nHost: 127.0.0.1\r\nHost: evil.example",
        "GET /providers HTTP/1.1\r\nHost: evil.example\r\nHost: 127.0.0.1",
        "GET http://evil.example/providers HTTP/1.1\r\nHost: 127.0.0.1",
        "GET http://127.0.0.1/providers HTTP/1.1\r\nHost: evil.example",
        "GET /providers HTTP/1.1\r\nHost: \u{e4}",
    ] {
        assert!(answers(head).contains(" 421 "), "{head}");
    }
}
