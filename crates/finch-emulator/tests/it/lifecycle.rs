//! Starting and stopping.

use std::{
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, EmulatorConfig, EmulatorError, Fault};
use reqwest::Response;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    server::{self, Server},
    support::Finch,
};

fn port(emulator: &Emulator) -> u16 {
    emulator.url().rsplit(':').next().unwrap().parse().unwrap()
}

/// A request that has arrived and is delayed.
async fn delayed(by: Duration) -> (Server, JoinHandle<reqwest::Result<Response>>) {
    let server = Server::start().await;
    server.emulator.push_fault(Fault::on("/providers").delay(by));
    let call = tokio::spawn(server.http("GET", "/providers").send());
    server::until(|| server.emulator.state().calls["GET /providers"] > 0).await;
    (server, call)
}

#[tokio::test]
async fn it_starts_quickly_and_stops_when_dropped() {
    let begun = Instant::now();
    let emulator = Emulator::start().await.unwrap();
    let port = port(&emulator);
    TcpStream::connect(("127.0.0.1", port)).unwrap();
    assert!(begun.elapsed() < Duration::from_millis(100));
    drop(emulator);
    assert!(TcpStream::connect(("127.0.0.1", port)).is_err());
    TcpListener::bind(("127.0.0.1", port)).unwrap();
}

#[tokio::test]
async fn dropping_does_not_wait_for_calls() {
    let (server, call) = delayed(Duration::from_secs(60)).await;
    let begun = Instant::now();
    drop(server);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn a_shutdown_lets_calls_finish() {
    let (server, call) = delayed(Duration::from_millis(100)).await;
    server.emulator.shutdown().await;
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_what_to_do() {
    let first = Emulator::start().await.unwrap();
    let config = EmulatorConfig { port: port(&first), ..EmulatorConfig::default() };
    let error = Emulator::start_with(config).await.unwrap_err();
    assert!(matches!(error, EmulatorError::PortTaken { .. }));
    assert!(error.next_step().contains("choose another port"));
}

fn credentials(id: &str, secret: &str) -> EmulatorConfig {
    let (client_id, client_secret) = (id.to_owned(), secret.to_owned());
    EmulatorConfig { client_id, client_secret, ..EmulatorConfig::default() }
}

#[tokio::test]
async fn credentials_are_those_of_the_configuration() {
    let finch = Finch::with(credentials("me", "s3cret:with colon"));
    let call = finch.post("/sandbox/connections").basic_auth("me", Some("s3cret:with colon"));
    let token = call.json(&json!({ "provider_id": "gusto" })).send().json();
    assert_eq!(finch.introspect(&token).json()["client_id"], "me");
    for (id, secret) in [("", "s"), ("a:b", "s"), ("a", "")] {
        let error = Emulator::start_with(credentials(id, secret)).await.unwrap_err();
        assert!(matches!(error, EmulatorError::BadCredentials { .. }));
    }
}

#[test]
fn it_outlives_the_runtime_that_started_it() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    drop(runtime);
    TcpStream::connect(("127.0.0.1", port(&emulator))).unwrap();
}
