//! The fake Finch keeps the port's contract.

mod memory;

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::{AuthorizationCode, FinchApi};
use finch_emulator::{EmulatorConfig, LocalEmulator, Login};
use finch_testkit::{FinchFixture, emulator_finch};

struct InProcess(Arc<LocalEmulator>);

#[async_trait]
impl FinchFixture for InProcess {
    fn api(&self) -> Arc<dyn FinchApi> {
        Arc::new(emulator_finch(Arc::clone(&self.0)))
    }

    async fn code(&mut self, customer_id: &str) -> AuthorizationCode {
        let login = Login::new("a", "gusto", "Company C", "X").customer_id(customer_id);
        AuthorizationCode::new(self.0.issue_code(login))
    }
}

finch_testkit::finch_api_conformance!(InProcess(Arc::new(
    LocalEmulator::new(EmulatorConfig::default()).unwrap()
)));
