//! Starting and stopping.

use std::{
    net::{TcpListener, TcpStream},
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, EmulatorConfig, EmulatorError, Fault};

use crate::support::{Finch, send, step_1};

fn port(emulator: &Emulator) -> u16 {
    emulator.url().rsplit(':').next().unwrap().parse().unwrap()
}

/// Waits until a call of `GET /providers` is on its way.
async fn until_received(finch: &Finch) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while finch.emulator.state().calls["GET /providers"] == 0 {
        assert!(Instant::now() < deadline, "the call never arrived");
        tokio::task::yield_now().await;
    }
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
    let finch = Finch::start().await;
    finch.emulator.push_fault(Fault::on("/providers").delay(Duration::from_secs(60)));
    let call = tokio::spawn(finch.get("/providers").send());
    until_received(&finch).await;
    let begun = Instant::now();
    drop(finch);
    assert!(begun.elapsed() < Duration::from_secs(5));
    assert!(call.await.unwrap().is_err());
}

#[tokio::test]
async fn a_shutdown_lets_calls_finish() {
    let finch = Finch::start().await;
    finch.emulator.push_fault(Fault::on("/providers").delay(Duration::from_millis(100)));
    let call = tokio::spawn(finch.get("/providers").send());
    until_received(&finch).await;
    finch.emulator.shutdown().await;
    assert_eq!(call.await.unwrap().unwrap().status(), 200);
}

#[tokio::test]
async fn a_taken_port_is_an_error_that_says_what_to_do() {
    let first = Emulator::start().await.unwrap();
    let config = EmulatorConfig { port: port(&first), ..EmulatorConfig::default() };
    let error = Emulator::start_with(config).await.unwrap_err();
    assert!(matches!(error, EmulatorError::PortTaken { .. }));
    assert!(error.to_string().contains("choose another port"));
}

#[tokio::test]
async fn credentials_are_those_of_the_configuration() {
    let finch = Finch::with(EmulatorConfig {
        client_id: "me".to_owned(),
        client_secret: "s3cret:with colon".to_owned(),
        ..EmulatorConfig::default()
    })
    .await;
    let token = finch.connect(step_1()).await;
    assert_eq!(finch.introspect(&token).await.json()["client_id"], "me");
    let body = serde_json::json!({ "provider_id": "gusto" });
    assert_eq!(send(finch.post_basic("/sandbox/connections", &body)).await.status, 200);
    for (id, secret) in [("", "s"), ("a:b", "s"), ("a", "")] {
        let config = EmulatorConfig {
            client_id: id.to_owned(),
            client_secret: secret.to_owned(),
            ..EmulatorConfig::default()
        };
        let error = Emulator::start_with(config).await.unwrap_err();
        assert!(matches!(error, EmulatorError::BadCredentials { .. }));
    }
}

#[tokio::test]
async fn nothing_prints_the_secret() {
    let config = EmulatorConfig {
        client_secret: "s3cret".to_owned(),
        seed: Some(7),
        ..EmulatorConfig::default()
    };
    assert!(!format!("{config:?}").contains("s3cret"));
    let emulator = Emulator::start_with(config).await.unwrap();
    assert!(!format!("{emulator:?} {:?}", emulator.state()).contains("s3cret"));
}

#[test]
fn it_needs_no_runtime_of_its_owners() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let emulator = runtime.block_on(Emulator::start()).unwrap();
    drop(runtime);
    TcpStream::connect(("127.0.0.1", port(&emulator))).unwrap();
}
