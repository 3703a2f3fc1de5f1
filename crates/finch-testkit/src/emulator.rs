//! `HttpFinch` over the emulator, without a socket.

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use finch_core::{ClientId, ClientSecret, FinchApiError};
use finch_emulator::LocalEmulator;
use finch_http::{HttpFinch, HttpFinchConfig, Transport};
use http::{Request, Response};

/// An `HttpFinch` whose calls the emulator answers in process. It needs a Tokio runtime with a clock, and repeats
/// nothing, so that each call is one request.
pub fn emulator_finch(emulator: Arc<LocalEmulator>) -> HttpFinch {
    in_process(emulator_config(&emulator), emulator)
}

/// The same, with a configuration of the test's own.
pub fn in_process(config: HttpFinchConfig, emulator: Arc<LocalEmulator>) -> HttpFinch {
    HttpFinch::with_transport(config, Arc::new(InProcess(emulator))).unwrap()
}

/// The configuration of [`emulator_finch`], for a transport of the test's own in front of the emulator.
pub fn emulator_config(emulator: &LocalEmulator) -> HttpFinchConfig {
    let client_id = ClientId::new(emulator.client_id()).unwrap();
    let mut config = HttpFinchConfig::new(client_id, ClientSecret::new(emulator.client_secret()));
    config.base_url = LocalEmulator::URL.to_owned();
    config.retries = 0;
    // No test waits for it: an answer that is held back is released by the test.
    config.timeout = std::time::Duration::from_secs(24 * 3600);
    config
}

struct InProcess(Arc<LocalEmulator>);

#[async_trait]
impl Transport for InProcess {
    async fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, FinchApiError> {
        self.0.send(request).ok_or_else(|| FinchApiError::NoAnswer {
            problem: "the connection broke before it".into(),
            sent: true,
        })
    }
}
