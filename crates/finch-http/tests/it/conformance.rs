//! The suite that every `FinchApi` passes, against the emulator.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::{AuthorizationCode, FinchApi};
use finch_emulator::{Emulator, Login};
use finch_http::HttpFinch;
use finch_testkit::FinchFixture;

use crate::life::client;

struct Local {
    emulator: Emulator,
    finch: Arc<HttpFinch>,
}

impl Local {
    async fn start() -> Self {
        let emulator = Emulator::start().await.expect("an emulator");
        let finch = Arc::new(client(&emulator));
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
