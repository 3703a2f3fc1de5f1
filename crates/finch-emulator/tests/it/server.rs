//! The emulator's server: a client in process for what goes before, an HTTP client, and a socket without one.

use std::{
    io::Write,
    net::TcpStream,
    ops::Deref,
    time::{Duration, Instant},
};

use finch_emulator::{Emulator, EmulatorConfig};
use reqwest::{Method, RequestBuilder, header::HeaderValue, redirect};
use serde_json::Value;

use crate::support::{Answer, Finch, secret};

pub(crate) struct Server {
    pub(crate) emulator: Emulator,
    finch: Finch,
    http: reqwest::Client,
}

impl Deref for Server {
    type Target = Finch;

    fn deref(&self) -> &Finch {
        &self.finch
    }
}

impl Server {
    pub(crate) async fn start() -> Self {
        Self::with(EmulatorConfig::default()).await
    }

    pub(crate) async fn with(config: EmulatorConfig) -> Self {
        let emulator = Emulator::start_with(config).await.unwrap();
        let http = reqwest::Client::builder().redirect(redirect::Policy::none()).no_proxy();
        Self { finch: Finch { emulator: emulator.local() }, emulator, http: http.build().unwrap() }
    }

    pub(crate) fn http(&self, method: &str, path: &str) -> RequestBuilder {
        let method = Method::try_from(method).unwrap();
        self.http.request(method, format!("{}{path}", self.emulator.url()))
    }

    pub(crate) fn http_disconnect(&self, token: &Value) -> RequestBuilder {
        self.http("POST", "/disconnect").bearer_auth(secret(token))
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
