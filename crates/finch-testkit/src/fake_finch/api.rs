//! The port, over a Finch in memory.

use async_trait::async_trait;

use super::{FakeFinch, Held, Issued, answer};
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ConnectSession, FinchApi, FinchApiError,
    Grant, Introspection, NewSession, ReauthenticateSession, RedirectUri, RequestId,
};

#[async_trait]
impl FinchApi for FakeFinch {
    fn application(&self) -> &Application {
        &self.application
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        _: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        self.wait_if_held(Held::BeforeItsEffect).await;
        let grant = self.issue(code)?;
        self.wait_if_held(Held::BeforeItsAnswer).await;
        self.answer(grant)
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let said = self.look_at(token);
        self.wait_if_held(Held::Introspection).await;
        said
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        {
            let mut world = self.called("disconnect")?;
            let used = world.alive(token)?;
            let (id, login) = (used.connection_id.clone(), used.login.clone());
            if std::mem::take(&mut world.late_next) {
                world.late.push((id, login));
                return Err(FinchApiError::NoAnswer { problem: "lost".into(), sent: true });
            }
            if !std::mem::take(&mut world.lie_next) {
                world.end(&id, &login, self.reach);
            }
        }
        self.answer(None)
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        let mut world = self.called("new_session")?;
        let taken =
            |t: &&Issued| t.alive && t.login.customer.as_ref() == Some(&session.customer_id);
        if let Some(existing) = world.tokens.iter().find(taken) {
            return Err(FinchApiError::ConnectionAlreadyExists(Box::new(Answer {
                status: 400,
                finch_shaped: true,
                finch_code: Some("connection_already_exists".into()),
                connection_id: Some(existing.connection_id.clone()),
                customer_id: Some(session.customer_id.clone()),
                ..Answer::default()
            })));
        }
        Ok(world.session())
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        let mut world = self.called("reauthenticate_session")?;
        if !world.tokens.iter().any(|t| t.alive && t.connection_id == session.connection_id) {
            return Err(answer(400, "invalid_request"));
        }
        Ok(world.session())
    }
}
