//! Variants that lie in what is made of Finch's answers.

use std::sync::Arc;

use async_trait::async_trait;
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ConnectSession, FinchApi, FinchApiError,
    Grant, Introspection, NewSession, ReauthenticateSession, RedirectUri, RequestId,
};

use super::Variant;

/// Finch, misunderstood.
pub(crate) struct BrokenFinch {
    /// As it is.
    pub(crate) inner: Arc<dyn FinchApi>,
    /// How it is misunderstood.
    pub(crate) variant: Option<Variant>,
}

impl BrokenFinch {
    fn is(&self, variant: Variant) -> bool {
        self.variant == Some(variant)
    }

    fn read<T>(&self, answer: Result<T, FinchApiError>) -> Result<T, FinchApiError> {
        let error = match answer {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let status = error.answer().map(|answer| answer.status);
        if self.is(Variant::Any401IsDead) && status == Some(401) {
            let answer = Answer { status: 401, finch_shaped: true, ..Answer::default() };
            return Err(FinchApiError::TokenInvalid(Box::new(answer)));
        }
        if self.is(Variant::NoSevenMinutes) && error.is_ambiguous() {
            return Err(FinchApiError::NoAnswer { problem: "never mind".into(), sent: false });
        }
        Err(error)
    }
}

#[async_trait]
impl FinchApi for BrokenFinch {
    fn application(&self) -> &Application {
        self.inner.application()
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let answer = self.inner.exchange(code, redirect_uri).await;
        let lost = matches!(&answer, Err(error) if error.is_ambiguous());
        if self.is(Variant::ResendsTheCode) && lost {
            return self.inner.exchange(code, redirect_uri).await;
        }
        answer
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        self.read(self.inner.introspect(token).await)
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        self.read(self.inner.disconnect(token).await)
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        self.inner.new_session(session).await
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        self.inner.reauthenticate_session(session).await
    }
}
