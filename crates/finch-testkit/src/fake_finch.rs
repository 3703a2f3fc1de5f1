//! Finch for tests of what uses it: the emulator in process, through `HttpFinch`. It has the truth to compare
//! with, and fails, loses, lies and waits when a test asks for it.

mod api;

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use finch_core::{
    AccessToken, Application, AuthorizationCode, ClientId, CompanyId, ConnectionId,
    ConnectionStatus, FinchApiError, FinchCustomerId, ProviderId,
};
pub use finch_emulator::DisconnectScope as Reach;
use finch_emulator::{EmulatorConfig, Fault, IssuedToken, LocalEmulator, Login, TokenState};
use finch_http::HttpFinch;
use tokio::sync::Notify;

use crate::emulator_finch;

/// Where a call waits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Held {
    /// An exchange, before Finch looks at it.
    BeforeItsEffect,
    /// An exchange, after the token is issued, before the answer is sent.
    BeforeItsAnswer,
    /// An `/introspect`, after Finch has looked, before the answer is sent.
    Introspection,
    /// A `/disconnect`, before Finch looks at it.
    Disconnect,
}

/// A call that waits.
#[derive(Clone, Debug, Default)]
pub struct Hold {
    reached: Arc<Notify>,
    go: Arc<Notify>,
}

impl Hold {
    /// Waits until the call does.
    pub async fn reached(&self) {
        self.reached.notified().await;
    }

    /// Lets the call go on.
    pub fn release(&self) {
        self.go.notify_one();
    }
}

/// A Finch in process. The ids of providers and companies are their names.
#[derive(Debug)]
pub struct FakeFinch {
    emulator: Arc<LocalEmulator>,
    http: HttpFinch,
    plan: Mutex<Plan>,
}

/// What was called, and what happens to the next calls.
#[derive(Debug, Default)]
struct Plan {
    calls: Vec<String>,
    failures: VecDeque<FinchApiError>,
    /// The next answer is lost, after its effect.
    lose_next: bool,
    /// The next `/disconnect` is lost, and takes effect later.
    late_next: bool,
    /// With which tokens something is still to take effect.
    late: Vec<TokenState>,
    /// The next call of this kind waits.
    hold: Option<(Held, Hold)>,
    on_call: OnCall,
    /// `/auth/token` and `/introspect` leave the company out.
    hide_company: bool,
    /// `/introspect` names this application.
    other_application: Option<ClientId>,
    unknown_status: Option<ConnectionStatus>,
}

/// Called at the beginning of each call.
#[derive(Default)]
struct OnCall(Option<Box<dyn Fn() + Send>>);

impl std::fmt::Debug for OnCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("OnCall")
    }
}

impl FakeFinch {
    /// An empty Finch for `application`, whose `/disconnect` reaches so far.
    pub fn new(application: Application, reach: Reach) -> Self {
        let config = EmulatorConfig {
            client_id: application.client_id.to_string(),
            disconnect_scope: reach,
            ..EmulatorConfig::default()
        };
        let finch = Self::of(LocalEmulator::new(config).unwrap());
        assert_eq!(
            finch_core::FinchApi::application(&finch.http),
            &application,
            "the application of another address"
        );
        finch
    }

    fn of(emulator: LocalEmulator) -> Self {
        let emulator = Arc::new(emulator);
        let http = emulator_finch(Arc::clone(&emulator));
        Self { emulator, http, plan: Mutex::default() }
    }

    /// The same Finch as it is now, to go its own way from here: codes and tokens, and no failure to
    /// come.
    #[must_use]
    pub fn copy(&self) -> Self {
        Self::of(self.emulator.fork())
    }

    fn plan(&self) -> MutexGuard<'_, Plan> {
        self.plan.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A person logs in at `provider` for `company` with `credentials`: the code that comes back.
    pub fn login(
        &self,
        provider: &str,
        company: &str,
        credentials: &str,
        customer: Option<&FinchCustomerId>,
    ) -> AuthorizationCode {
        let mut login = Login::new("a person", provider, company, credentials);
        login.customer_id = customer.map(ToString::to_string);
        AuthorizationCode::new(self.emulator.issue_code(login.products(["company", "directory"])))
    }

    /// A person renews a live connection, with the credentials that made it: the code that comes back.
    pub fn login_again(&self, connection: &ConnectionId) -> Option<AuthorizationCode> {
        let token = self.live().find(|t| t.state.connection_id == connection.as_str())?.state;
        let customer = token.customer_id.as_deref().and_then(|id| id.parse().ok());
        Some(self.login(&token.provider, &token.company, &token.credentials, customer.as_ref()))
    }

    fn live(&self) -> impl Iterator<Item = IssuedToken> + use<> {
        self.emulator.issued_tokens().into_iter().filter(IssuedToken::is_alive)
    }

    /// Whether Finch accepts this token.
    pub fn accepts(&self, token: &AccessToken) -> bool {
        self.emulator.is_alive(token.expose())
    }

    /// The tokens that Finch accepts, and bills: with `connection_id`, provider and company.
    pub fn alive(&self) -> Vec<(AccessToken, ConnectionId, ProviderId, CompanyId)> {
        let alive = self.live().map(|IssuedToken { secret, state, .. }| {
            (
                AccessToken::new(secret),
                state.connection_id.parse().unwrap(),
                state.provider.parse().unwrap(),
                state.company.parse().unwrap(),
            )
        });
        alive.collect()
    }

    /// Every token that was ever issued.
    pub fn issued(&self) -> Vec<AccessToken> {
        self.emulator.issued_tokens().into_iter().map(|t| AccessToken::new(t.secret)).collect()
    }

    /// Ends a connection from Finch's dashboard.
    pub fn end_from_dashboard(&self, id: &ConnectionId) {
        self.emulator.end_connection(id.as_str());
    }

    /// Sets the status of a live connection; one that the emulator does not know is what `/introspect` says of
    /// every connection.
    pub fn set_status(&self, id: &ConnectionId, status: ConnectionStatus) {
        let is_known = self.emulator.set_status(id.as_str(), status.as_str());
        self.plan().unknown_status = Some(status).filter(|_| !is_known);
    }

    /// Leaves `company_id` out of every answer from now on, or no longer.
    pub fn hide_company(&self, hide: bool) {
        self.plan().hide_company = hide;
    }

    /// `/introspect` says from now on that tokens were issued to this application; none: the right one.
    pub fn say_application(&self, other: Option<ClientId>) {
        self.plan().other_application = other;
    }

    /// The next call fails with this error, and without effect.
    pub fn fail_next(&self, error: FinchApiError) {
        self.plan().failures.push_back(error);
    }

    /// The answer to the next exchange or `/disconnect` is lost on its way back: it took effect.
    pub fn lose_next_answer(&self) {
        self.plan().lose_next = true;
    }

    /// No failure waits any more.
    pub fn recover(&self) {
        self.plan().failures.clear();
    }

    /// The next `/disconnect` answers success without any effect.
    pub fn lie_next(&self) {
        self.emulator.push_fault(Fault::on("/disconnect").lie());
    }

    /// The answer to the next `/disconnect` is lost, and its effect comes later.
    pub fn delay_next_effect(&self) {
        self.plan().late_next = true;
    }

    /// What was to take effect later does so now, also where its token has died meanwhile: it ends what stands in
    /// the connection's place.
    pub fn take_effect(&self) {
        for token in std::mem::take(&mut self.plan().late) {
            let pair = |t: &TokenState| (t.provider_id.clone(), t.company_id.clone());
            let by_pair = self.emulator.state().disconnect_scope == Reach::Pair;
            for TokenState { connection_id, .. } in self.live().map(|t| t.state).filter(|t| {
                t.connection_id == token.connection_id || by_pair && pair(t) == pair(&token)
            }) {
                self.emulator.end_connection(&connection_id);
            }
        }
    }

    /// The next call of this kind waits, and no longer than until another one is to.
    pub fn hold_next(&self, held: Held) -> Hold {
        let hold = Hold::default();
        self.plan().hold = Some((held, hold.clone()));
        hold
    }

    /// Calls this at the beginning of each call.
    pub fn on_call(&self, on_call: impl Fn() + Send + 'static) {
        self.plan().on_call = OnCall(Some(Box::new(on_call)));
    }

    /// No call is to wait any more.
    pub fn hold_none(&self) {
        self.plan().hold = None;
    }

    /// The calls so far, such as `disconnect`, in order; and forgets them.
    pub fn take_calls(&self) -> Vec<String> {
        std::mem::take(&mut self.plan().calls)
    }
}
