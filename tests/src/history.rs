//! What can happen in a history, and how it happens to a world.

use std::time::Duration;

use finch_app::{
    BegunConnect, CompleteConnectError, ConnectRequest, DisconnectRequest, Pass, Questions,
    System as _,
};
use finch_core::{
    Answer, AuthorizationCode, ConnectionId, ConnectionView, FinchApiError, Flow, Product, State,
    WebhookEvent,
};
use finch_testkit::{Held, webhook};
use proptest::prelude::*;

use crate::{World, customer, operator};

/// Numbers that name a customer, a provider, a company and the company's credentials.
pub type Login = [u8; 4];

/// One thing that happens. A number names a customer or, counted from the oldest, one of the connections and
/// attempts that there are by then: the customer's own where a customer is named, else anyone's.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// A customer connects: begin, log in, exchange.
    Connect(Login),
    /// The same, and Finch leaves the employer out until it is asked again.
    ConnectNameless(Login),
    /// The same, and Finch's answer to the exchange is lost.
    ConnectAndLoseTheAnswer(Login),
    /// The same, and a disconnect of the customer's connection runs while the exchange does. Whether Finch has
    /// issued the token before that begins.
    ConnectDuringDisconnect(Login, bool),
    /// A customer renews a connection.
    Reauthenticate(u8, u8),
    /// A customer disconnects a connection.
    Disconnect(u8, u8),
    /// The operator disconnects a connection for everyone.
    DisconnectForEveryone(u8),
    /// A connection is ended in Finch's dashboard.
    EndFromDashboard(u8),
    /// A webhook says that a connection has ended, or that the employer must authenticate again, and is processed.
    Hint(u8, bool),
    /// A customer's data call answered 401.
    ReportUnauthorized(u8, u8),
    /// The same callback comes again.
    CompleteAgain(u8),
    /// Finch cannot answer the next call, in one of six ways.
    FailNext(u8),
    /// One pass of the reconciler.
    Reconcile,
    /// An hour passes.
    Wait,
}

/// A history of up to `longest` steps, of three customers.
pub fn steps(longest: usize) -> impl Strategy<Value = Vec<Step>> {
    let login = || [0..3_u8, 0..2, 0..2, 0..2];
    let own = || (0..3_u8, 0..4_u8);
    let step = prop_oneof![
        6 => login().prop_map(Step::Connect),
        1 => login().prop_map(Step::ConnectNameless),
        1 => login().prop_map(Step::ConnectAndLoseTheAnswer),
        2 => (login(), any::<bool>()).prop_map(|(at, issued)| Step::ConnectDuringDisconnect(at, issued)),
        1 => own().prop_map(|(who, which)| Step::Reauthenticate(who, which)),
        4 => own().prop_map(|(who, which)| Step::Disconnect(who, which)),
        1 => (0..6_u8).prop_map(Step::DisconnectForEveryone),
        1 => (0..6_u8).prop_map(Step::EndFromDashboard),
        1 => own().prop_map(|(who, which)| Step::ReportUnauthorized(who, which)),
        1 => (0..6_u8, any::<bool>()).prop_map(|(which, ended)| Step::Hint(which, ended)),
        1 => (0..8_u8).prop_map(Step::CompleteAgain),
        2 => (0..6_u8).prop_map(Step::FailNext),
        2 => Just(Step::Reconcile),
        1 => Just(Step::Wait),
    ];
    prop::collection::vec(step, 1..=longest)
}

impl World {
    /// Applies one step. A step that fails is part of the history too.
    pub async fn step(&self, step: Step) {
        match step {
            Step::Connect(login) => self.connect(login).await,
            Step::ConnectNameless(login) => {
                self.finch.hide_company(true);
                self.connect(login).await;
                self.finch.hide_company(false);
            }
            Step::ConnectAndLoseTheAnswer(login) => {
                if let Some((begun, code)) = self.begin(login).await {
                    self.finch.lose_next_answer();
                    self.complete(login[0], begun.state, code).await;
                }
            }
            Step::ConnectDuringDisconnect(login, issued_before) => {
                self.race(login, issued_before).await;
            }
            Step::FailNext(kind) => self.finch.fail_next(failure(kind)),
            Step::Reconcile => {
                let _ = self.app.reconcile(&operator(), Pass::Everything).await;
            }
            Step::Wait => self.system.pass(Duration::from_secs(3600)),
            Step::CompleteAgain(which) => {
                let attempt = self.attempts.lock().unwrap().get(usize::from(which)).cloned();
                if let Some((state, code)) = attempt {
                    drop(self.app.complete_connect(&operator(), state, code).await);
                }
            }
            Step::Reauthenticate(who, which)
            | Step::Disconnect(who, which)
            | Step::ReportUnauthorized(who, which) => {
                if let Some(id) = self.handle(Some(who), which).await {
                    self.customer_step(step, who, id).await;
                }
            }
            Step::DisconnectForEveryone(which)
            | Step::EndFromDashboard(which)
            | Step::Hint(which, _) => {
                if let Some(id) = self.handle(None, which).await {
                    self.operator_step(step, id).await;
                }
            }
        }
    }

    async fn customer_step(&self, step: Step, who: u8, id: ConnectionId) {
        let scope = customer(who);
        match step {
            Step::Reauthenticate(..) => {
                let begun = self.app.begin_reauthenticate(&scope, &id, request()).await;
                if let (Ok(begun), Some(code)) = (begun, self.finch.login_again(&id)) {
                    self.complete(who, begun.state, code).await;
                }
            }
            Step::ReportUnauthorized(..) => {
                if let Ok(token) = self.app.access_token(&scope, &id, &[]).await {
                    let _ = self.app.report_unauthorized(&scope, &token.secret).await;
                }
            }
            _ => drop(self.app.disconnect(&scope, id).await),
        }
    }

    async fn operator_step(&self, step: Step, id: ConnectionId) {
        match step {
            Step::EndFromDashboard(_) => self.finch.end_from_dashboard(&id),
            Step::Hint(_, ended) => {
                self.hint(&id, if ended { "disconnected" } else { "reauth" }).await;
            }
            _ => {
                let everyone =
                    DisconnectRequest { for_everyone: Some("a test".into()), ..id.into() };
                if let Ok(plan) = self.app.plan_disconnect(&operator(), everyone).await {
                    let _ = self.app.disconnect(&operator(), plan).await;
                }
            }
        }
    }

    /// A webhook comes that says this of a connection.
    pub async fn announce(&self, connection: &ConnectionId, status: &str) {
        // No two looks at this clock see the same time.
        let received = self.system.now();
        let event = webhook(&format!("msg_{received}"), connection.as_str(), status);
        let event = WebhookEvent { received, ..event };
        assert!(self.app.take_webhook(&event).await.expect("the store answers"));
    }

    /// The same, and a pass asks Finch. Returns what became of all questions.
    pub async fn hint(&self, connection: &ConnectionId, status: &str) -> Questions {
        self.announce(connection, status).await;
        let report = self.app.reconcile(&operator(), Pass::Everything).await;
        report.expect("the store answers").questions
    }

    async fn begin(
        &self,
        [who, provider, company, credentials]: Login,
    ) -> Option<(BegunConnect, AuthorizationCode)> {
        let begun = self.app.begin_connect(&customer(who), request()).await.ok()?;
        if let Some(existing) = &begun.reauthenticates {
            return self.finch.login_again(existing).map(|code| (begun, code));
        }
        let (provider, company) = (format!("provider-{provider}"), format!("company-{company}"));
        let named = begun.finch_customer_id.as_ref();
        let code = self.finch.login(&provider, &company, &credentials.to_string(), named);
        Some((begun, code))
    }

    async fn connect(&self, login: Login) {
        if let Some((begun, code)) = self.begin(login).await {
            self.complete(login[0], begun.state, code).await;
        }
    }

    async fn complete(&self, who: u8, state: State, code: AuthorizationCode) {
        self.attempts.lock().unwrap().push((state.clone(), code.clone()));
        let done = self.app.complete_connect(&customer(who), state, code).await;
        if let Err(CompleteConnectError::NotStored { token, .. }) = done {
            self.handed_back.lock().unwrap().push(token.token);
        }
    }

    async fn race(&self, login: Login, issued_before: bool) {
        let [who, provider, company, _] = login;
        let pair = (format!("provider-{provider}"), format!("company-{company}"));
        let views = self.app.connections(&customer(who)).all().await.unwrap();
        let same = |v: &&ConnectionView| {
            v.provider_id.as_str() == pair.0
                && v.company_id.as_ref().is_some_and(|c| c.as_str() == pair.1)
        };
        let handle = views.iter().find(same).and_then(|v| v.connection_ids.last().cloned());
        let Some((begun, code)) = self.begin(login).await else { return };
        let held = if issued_before { Held::BeforeItsAnswer } else { Held::BeforeItsEffect };
        let hold = self.finch.hold_next(held);
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
