//! A client of the emulator's server, and a socket without one.

use std::{
    io::Write,
    net::TcpStream,
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, EmulatorConfig, Login};
use reqwest::{Method, RequestBuilder, header::HeaderValue, redirect};
use serde_json::{Value, json};

use crate::support::{Answer, ID, SECRET, secret};

pub(crate) struct Finch {
    pub(crate) emulator: Emulator,
    http: reqwest::Client,
}

impl Finch {
    pub(crate) async fn start() -> Self {
        Self::with(EmulatorConfig::default()).await
    }

    pub(crate) async fn with(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start_with(config).await.unwrap();
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
        Self { emulator, http: http.build().unwrap() }
    }

    pub(crate) fn call(&self, method: Method, path: &str) -> RequestBuilder {
        self.http.request(method, format!("{}{path}", self.emulator.url()))
    }

    pub(crate) fn get(&self, path: &str) -> RequestBuilder {
        self.call(Method::GET, path)
    }

    pub(crate) fn post(&self, path: &str) -> RequestBuilder {
        self.call(Method::POST, path)
    }

    pub(crate) fn exchange(&self, code: &str) -> RequestBuilder {
        let body = json!({ "client_id": ID, "client_secret": SECRET, "code": code });
        self.post("/auth/token").json(&body)
    }

    /// The token response after a login.
    pub(crate) async fn connect(&self, login: Login) -> Value {
        let answer = send(self.exchange(&self.emulator.issue_code(login))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json()
    }

    pub(crate) fn disconnect(&self, token: &Value) -> RequestBuilder {
        self.post("/disconnect").bearer_auth(secret(token))
    }

    pub(crate) fn is_alive(&self, token: &Value) -> bool {
        self.emulator.is_alive(secret(token))
    }

    /// Opens a connection and writes a request.
    pub(crate) fn dial(&self, request: &str) -> TcpStream {
        let address = self.emulator.url().trim_start_matches("http://");
        let mut stream = TcpStream::connect(address).unwrap();
        stream.write_all(format!("{request}\r\n\r\n").as_bytes()).unwrap();
        stream
    }
}

/// Waits until it is so.
pub(crate) async fn until(is: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is() {
        assert!(Instant::now() < deadline, "it never came");
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn send(request: RequestBuilder) -> Answer {
    let response = request.send().await.unwrap();
    let text = |value: &HeaderValue| value.to_str().unwrap().to_owned();
    let headers = response.headers().iter().map(|(name, value)| (name.to_string(), text(value)));
    let (status, headers): (_, Vec<_>) = (response.status().as_u16(), headers.collect());
    assert!(headers.iter().any(|(name, _)| name == "finch-request-id"));
    Answer { status, text: response.text().await.unwrap(), headers }
}
