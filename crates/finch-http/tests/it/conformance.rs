//! The suite that every `FinchApi` passes, against the emulator; and a lost answer there.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use finch_core::{
    AuthorizationCode, ClientId, ClientSecret, ExchangeFailure, FinchApi, exchange_failure,
};
use finch_emulator::{Effect, Emulator, Fault, Login};
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
            backoff: Duration::from_millis(1),
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

#[tokio::test]
async fn a_lost_exchange_is_unknown_and_a_lost_disconnect_is_not_repeated() {
    let mut local = Local::start().await;
    let finch = Arc::clone(&local.finch);
    for fault in [
        Fault::on("/auth/token").drop_before_effect(),
        Fault::on("/auth/token").drop_after_effect(),
        Fault::on("/auth/token").garbage().after_effect(),
        Fault::on("/auth/token").status(503).after_effect(),
    ] {
        let tokens = local.emulator.state().tokens.len();
        let issued = fault.effect == Effect::AtOnce;
        local.emulator.push_fault(fault);
        let error = finch.exchange(&local.code("acme-1").await, None).await.expect_err("lost");
        assert_eq!(exchange_failure(&error), ExchangeFailure::Unknown, "{error:?}");
        assert_eq!(local.emulator.state().tokens.len(), tokens + usize::from(issued));
    }
    let grant = finch.exchange(&local.code("acme-1").await, None).await.expect("a grant");
    for fault in [
        Fault::on("/disconnect").drop_before_effect(),
        Fault::on("/disconnect").drop_after_effect(),
    ] {
        local.emulator.push_fault(fault);
        let error = finch.disconnect(&grant.secret).await.expect_err("a lost answer");
        assert!(error.is_ambiguous(), "a second try would hide that the first was lost: {error:?}");
    }
}
