//! The port, over the emulator, as the test has planned.

use std::{future::poll_fn, pin::pin, sync::LazyLock};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, AuthorizationCode, CompanyId, ConnectRequest, ConnectSession,
    ConnectionId, FinchApi, FinchApiError, FinchCustomerId, Grant, Introspection, ProviderId,
    RedirectUri, RequestId,
};
use tokio::runtime::{Builder, Runtime};

use super::{FakeFinch, Held, OnCall};

/// `HttpFinch` has a deadline, by the clock of a Tokio runtime. Nothing drives this one, so that the deadline never
/// comes, and a test may run without a runtime, or with a paused clock.
static CLOCK: LazyLock<Runtime> =
    LazyLock::new(|| Builder::new_current_thread().enable_time().build().unwrap());

async fn within_clock<T>(call: impl Future<Output = T>) -> T {
    let mut call = pin!(call);
    poll_fn(|context| {
        let _clock = CLOCK.enter();
        call.as_mut().poll(context)
    })
    .await
}

fn lost() -> FinchApiError {
    FinchApiError::NoAnswer { problem: "lost".into(), sent: true }
}

impl FakeFinch {
    /// Notes a call, and makes it unless it is to fail.
    async fn call<T>(
        &self,
        name: &str,
        call: impl Future<Output = Result<T, FinchApiError>>,
    ) -> Result<T, FinchApiError> {
        let failure = {
            let mut plan = self.plan();
            plan.calls.push(name.to_owned());
            if let OnCall(Some(on_call)) = &plan.on_call {
                on_call();
            }
            plan.failures.pop_front()
        };
        match failure {
            Some(error) => Err(error),
            None => within_clock(call).await,
        }
    }

    /// The provider and the company of a token; not the company where it is hidden.
    fn names(&self, token: &AccessToken) -> (ProviderId, Option<CompanyId>) {
        let mut tokens = self.emulator.issued_tokens().into_iter();
        let token = tokens.find(|t| t.secret == token.expose()).unwrap().state;
        let company = (!self.plan().hide_company).then(|| token.company.parse().unwrap());
        (token.provider.parse().unwrap(), company)
    }

    /// The answer, unless it is to be lost.
    fn unless_lost<T>(&self, answer: T) -> Result<T, FinchApiError> {
        match std::mem::take(&mut self.plan().lose_next) {
            true => Err(lost()),
            false => Ok(answer),
        }
    }

    async fn wait_if_held(&self, here: Held) {
        let hold = self.plan().hold.take_if(|(held, _)| *held == here);
        if let Some((_, hold)) = hold {
            hold.reached.notify_one();
            hold.go.notified().await;
        }
    }
}

#[async_trait]
impl FinchApi for FakeFinch {
    fn application(&self) -> &Application {
        self.http.application()
    }

    /// Any redirect URI is the right one.
    async fn exchange(
        &self,
        code: &AuthorizationCode,
        _: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        self.wait_if_held(Held::BeforeItsEffect).await;
        let mut grant = self.call("exchange", self.http.exchange(code, None)).await?;
        (grant.facts.provider_id, grant.facts.company_id) = self.names(&grant.secret);
        self.wait_if_held(Held::BeforeItsAnswer).await;
        self.unless_lost(grant)
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let mut said = self.call("introspect", self.http.introspect(token)).await;
        if let Ok(said) = &mut said {
            let (provider, company) = self.names(token);
            (said.facts.provider_id, said.facts.company_id) = (Some(provider), company);
            let plan = self.plan();
            if let Some(status) = &plan.unknown_status {
                said.status = Some(status.clone());
            }
            if let Some(other) = &plan.other_application {
                said.client_id = Some(other.clone());
            }
        }
        self.wait_if_held(Held::Introspection).await;
        said
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        self.wait_if_held(Held::Disconnect).await;
        let live = self.live().find(|t| t.secret == token.expose());
        let done = self.call("disconnect", async {
            match live {
                Some(live) if std::mem::take(&mut self.plan().late_next) => {
                    self.plan().late.push(live.state);
                    Err(lost())
                }
                _ => self.http.disconnect(token).await,
            }
        });
        self.unless_lost(done.await?)
    }

    async fn new_session(
        &self,
        customer_id: &FinchCustomerId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        self.call("new_session", self.http.new_session(customer_id, request)).await
    }

    async fn reauthenticate_session(
        &self,
        connection: &ConnectionId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        let call = self.http.reauthenticate_session(connection, request);
        self.call("reauthenticate_session", call).await
    }
}
