//! The suite that every `FinchApi` passes, against the emulator.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use finch_core::{AuthorizationCode, Backoff, ClientId, ClientSecret, FinchApi};
use finch_emulator::{Emulator, Login};
use finch_http::{HttpFinch, HttpFinchConfig};
use finch_testkit::FinchFixture;

struct Local {
    emulator: Emulator,
    finch: Arc<HttpFinch>,
}

impl Local {
    async fn start() -> Self {
        let emulator = Emulator::start().await.expect("an emulator");
        let id = ClientId::new(emulator.client_id()).expect("an id");
        let config = HttpFinchConfig {
            base_url: emulator.url().to_owned(),
            backoff: Backoff { first: Duration::from_millis(1), longest: Duration::from_secs(8) },
            ..HttpFinchConfig::new(id, ClientSecret::new(emulator.client_secret()))
        };
        let finch = Arc::new(HttpFinch::new(config).expect("a client"));
        Self { emulator, finch }
    }
}

#[async_trait]
impl FinchFixture for Local {
    fn api(&self) -> Arc<dyn FinchApi> {
        Arc::clone(&self.finch) as Arc<dyn FinchApi>
    }

    async fn code(&mut self, customer_id: &str) -> AuthorizationCode {
        let login = Login::new("a", "gusto", "Company C", "X").customer_id(customer_id);
        AuthorizationCode::new(self.emulator.issue_code(login))
    }
}

finch_testkit::finch_api_conformance!(Local::start().await);
