//! The steps of a history, applied to a world.

use std::time::Duration;

use finch_app::{
    BegunConnect, CompleteConnectError, ConnectRequest, DisconnectRequest, Pass, Questions,
    System as _,
};
use finch_core::{
    Answer, AuthorizationCode, ConnectionId, ConnectionView, FinchApiError, Flow, Product, State,
};
use finch_testkit::{Held, webhook};

use crate::{Step, World, customer, operator};

impl World {
    /// Applies one step. A step that fails is part of the history too.
    pub async fn step(&self, step: Step) {
        match step {
            Step::Connect { customer, provider, company, credentials } => {
                self.connect(customer, provider, company, credentials).await;
            }
            Step::ConnectNameless { customer, provider, company } => {
                self.finch.hide_company(true);
                self.connect(customer, provider, company, 0).await;
                self.finch.hide_company(false);
            }
            Step::ConnectAndLoseTheAnswer { customer, provider, company } => {
                if let Some((begun, code)) = self.begin(customer, provider, company, 0).await {
                    self.finch.lose_next_answer();
                    self.complete(customer, begun.state, code).await;
                }
            }
            Step::ConnectDuringDisconnect { customer, provider, company, issued_before } => {
                self.race(customer, provider, company, issued_before).await;
            }
            Step::Reauthenticate { customer: who, which } => {
                let Some(handle) = self.handle(Some(who), which).await else {
                    return;
                };
                let begun = self.app.begin_reauthenticate(&customer(who), &handle, request()).await;
                if let (Ok(begun), Some(code)) = (begun, self.finch.login_again(&handle)) {
                    self.complete(who, begun.state, code).await;
                }
            }
            Step::Disconnect { customer: who, which } => {
                if let Some(handle) = self.handle(Some(who), which).await {
                    let _ = self.app.disconnect(&customer(who), handle).await;
                }
            }
            Step::DisconnectForEveryone { which } => {
                let Some(handle) = self.handle(None, which).await else { return };
                let plan = self
                    .app
                    .plan_disconnect(
                        &operator(),
                        DisconnectRequest { for_everyone: Some("a test".into()), ..handle.into() },
                    )
                    .await;
                if let Ok(plan) = plan {
                    let _ = self.app.disconnect(&operator(), plan).await;
                }
            }
            Step::EndFromDashboard { which } => {
                if let Some(handle) = self.handle(None, which).await {
                    self.finch.end_from_dashboard(&handle);
                }
            }
            Step::Hint { which, ended } => {
                if let Some(handle) = self.handle(None, which).await {
                    self.hint(&handle, if ended { "disconnected" } else { "reauth" }).await;
                }
            }
            Step::ReportUnauthorized { customer: who, which } => {
                let Some(handle) = self.handle(Some(who), which).await else {
                    return;
                };
                if let Ok(token) = self.app.access_token(&customer(who), &handle, &[]).await {
                    let _ = self.app.report_unauthorized(&customer(who), &token.secret).await;
                }
            }
            Step::CompleteAgain { which } => {
                let attempt = self.attempts.lock().unwrap().get(usize::from(which)).cloned();
                if let Some((state, code)) = attempt {
                    drop(self.app.complete_connect(&operator(), state, code).await);
                }
            }
            Step::FailNext { kind } => self.finch.fail_next(failure(kind)),
            Step::Reconcile => {
                let _ = self.app.reconcile(&operator(), Pass::Everything).await;
            }
            Step::Wait => self.system.pass(Duration::from_secs(3600)),
        }
    }

    /// A webhook comes that says this of a connection, and a pass asks Finch. Returns what became of all
    /// questions.
    pub async fn hint(&self, connection: &ConnectionId, status: &str) -> Questions {
        // No two looks at this clock see the same time.
        let now = self.system.now();
        let mut event = webhook(&format!("msg_{now}"), connection.as_str(), status);
        event.received = now;
        assert!(self.app.take_webhook(&event).await.expect("the store answers"));
        let report = self.app.reconcile(&operator(), Pass::Everything).await;
        report.expect("the store answers").questions
    }

    async fn begin(
        &self,
        who: u8,
        provider: u8,
        company: u8,
        credentials: u8,
    ) -> Option<(BegunConnect, AuthorizationCode)> {
        let begun = self.app.begin_connect(&customer(who), request()).await.ok()?;
        if let Some(existing) = &begun.reauthenticates {
            return self.finch.login_again(existing).map(|code| (begun, code));
        }
        let (provider, company) = (format!("provider-{provider}"), format!("company-{company}"));
        let credentials = credentials.to_string();
        let code =
            self.finch.login(&provider, &company, &credentials, begun.finch_customer_id.as_ref());
        Some((begun, code))
    }

    async fn connect(&self, who: u8, provider: u8, company: u8, credentials: u8) {
        if let Some((begun, code)) = self.begin(who, provider, company, credentials).await {
            self.complete(who, begun.state, code).await;
        }
    }

    async fn complete(&self, who: u8, state: State, code: AuthorizationCode) {
        self.attempts.lock().unwrap().push((state.clone(), code.clone()));
        let done = self.app.complete_connect(&customer(who), state, code).await;
        if let Err(CompleteConnectError::NotStored { token, .. }) = done {
            self.handed_back.lock().unwrap().push(token.token);
        }
    }

    async fn race(&self, who: u8, provider: u8, company: u8, issued_before: bool) {
        let pair = (format!("provider-{provider}"), format!("company-{company}"));
        let views = self.app.connections(&customer(who)).all().await.unwrap();
        let same = |v: &&ConnectionView| {
            v.provider_id.as_str() == pair.0
                && v.company_id.as_ref().is_some_and(|c| c.as_str() == pair.1)
        };
        let handle = views.iter().find(same).and_then(|v| v.connection_ids.last().cloned());
        let Some((begun, code)) = self.begin(who, provider, company, 0).await else {
            return;
        };
        let held = if issued_before { Held::BeforeItsAnswer } else { Held::BeforeItsEffect };
        let hold = self.finch.hold_next_exchange(held);
        let mut exchange = std::pin::pin!(self.complete(who, begun.state, code));
        let waits = tokio::select! {
            () = &mut exchange => false,
            () = hold.reached() => true,
        };
        if let Some(handle) = handle {
            drop(self.app.disconnect(&customer(who), handle).await);
        }
        self.finch.hold_none();
        hold.release();
        if waits {
            exchange.await;
        }
    }

    /// The `which`-th connection that this customer (or the operator) sees: its newest handle.
    async fn handle(&self, who: Option<u8>, which: u8) -> Option<ConnectionId> {
        let views = match who {
            Some(who) => self.app.connections(&customer(who)).page(None, 100).await,
            None => self.app.connections(&operator()).page(None, 100).await,
        };
        let views = views.ok()?.items;
        let view = views.get(usize::from(which) % views.len().max(1))?;
        Some(view.tokens.last()?.connection_id.clone())
    }
}

fn request() -> ConnectRequest {
    ConnectRequest::new("A customer", vec![Product::Company, Product::Directory], Flow::Embedded)
}

fn failure(kind: u8) -> FinchApiError {
    let answer = |status, name: &str| Answer {
        status,
        finch_shaped: true,
        name: Some(name.into()),
        ..Answer::default()
    };
    match kind {
        0 => answer(503, "server_error").into_error(),
        1 => answer(401, "something_new").into_error(),
        2 => answer(402, "payment_required").into_error(),
        3 => answer(401, "reauthenticate_user").into_error(),
        4 => FinchApiError::NoAnswer { problem: "refused".into(), sent: false },
        _ => FinchApiError::NoAnswer { problem: "timed out".into(), sent: true },
    }
}
