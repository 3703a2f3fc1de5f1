//! A Finch that does as it is told: up, or failing in one way at every call.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ConnectSession, ConnectionId, FinchApi,
    FinchApiError, Grant, Introspection, NewSession, ReauthenticateSession, RedirectUri, RequestId,
    testing::FakeFinch,
};

use super::moves::Mode;

/// A Finch in memory, and how it does.
#[derive(Debug)]
pub(crate) struct MoodyFinch {
    pub(crate) fake: Arc<FakeFinch>,
    mode: Mutex<Mode>,
    /// The name of every token that was issued, in their order, heard or not.
    names: Mutex<Vec<ConnectionId>>,
}

impl MoodyFinch {
    pub(crate) fn new(fake: FakeFinch) -> Self {
        let (fake, mode) = (Arc::new(fake), Mutex::new(Mode::Up));
        Self { fake, mode, names: Mutex::default() }
    }

    pub(crate) fn becomes(&self, mode: Mode) {
        *self.mode.lock().unwrap_or_else(PoisonError::into_inner) = mode;
    }

    pub(crate) fn name(&self, token: usize) -> ConnectionId {
        self.names.lock().unwrap_or_else(PoisonError::into_inner)[token].clone()
    }

    async fn call<T>(
        &self,
        call: impl Future<Output = Result<T, FinchApiError>>,
    ) -> Result<T, FinchApiError> {
        let mode = *self.mode.lock().unwrap_or_else(PoisonError::into_inner);
        let no_answer = |sent| FinchApiError::NoAnswer { problem: "as told".into(), sent };
        match mode {
            Mode::Up => call.await,
            Mode::Mute => {
                drop(call.await);
                Err(no_answer(true))
            }
            Mode::Silent => Err(no_answer(true)),
            Mode::Unreachable => Err(no_answer(false)),
            Mode::Busy => Err(answer(503, "server_error")),
            Mode::Odd => Err(answer(401, "something_new")),
            Mode::Unpaid => Err(answer(402, "payment_required")),
            Mode::Reauth => Err(answer(401, "reauthenticate_user")),
            Mode::Rejecting => Err(answer(400, "bad_request")),
            Mode::Limiting => Err(answer(429, "too_many_requests")),
        }
    }
}

fn answer(status: u16, name: &str) -> FinchApiError {
    let name = Some(name.to_owned());
    Answer { status, finch_shaped: true, name, ..Answer::default() }.into_error()
}

#[async_trait]
impl FinchApi for MoodyFinch {
    fn application(&self) -> &Application {
        self.fake.application()
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let exchange = async {
            let grant = self.fake.exchange(code, redirect_uri).await?;
            let name = grant.facts.connection_id.clone();
            self.names.lock().unwrap_or_else(PoisonError::into_inner).push(name);
            Ok(grant)
        };
        self.call(exchange).await
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        self.call(self.fake.introspect(token)).await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        self.call(self.fake.disconnect(token)).await
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        self.call(self.fake.new_session(session)).await
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        self.call(self.fake.reauthenticate_session(session)).await
    }
}
