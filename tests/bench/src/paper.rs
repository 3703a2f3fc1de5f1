//! A Finch in memory: every code and token tells by itself what it is of, so that only the connections
//! that have ended need to be known.

use std::{
    collections::HashSet,
    sync::{Mutex, MutexGuard, PoisonError},
};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ConnectRequest, ConnectSession,
    ConnectUrl, ConnectionId, ConnectionStatus, FinchApi, FinchApiError, FinchCustomerId, Grant,
    Introspection, Product, RedirectUri, RequestId, SessionId, TokenFacts,
};

use crate::numbered::{Numbered, application};

#[derive(Debug)]
pub(crate) struct PaperFinch {
    application: Application,
    ended: Mutex<HashSet<u64>>,
}

impl PaperFinch {
    pub(crate) fn new() -> Self {
        Self { application: application(), ended: Mutex::default() }
    }

    fn ended(&self) -> MutexGuard<'_, HashSet<u64>> {
        self.ended.lock().unwrap_or_else(PoisonError::into_inner)
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a Finch reads the tokens it is sent")]
    fn alive(&self, token: &AccessToken) -> Result<Numbered, FinchApiError> {
        let found = Numbered::of_secret(token.expose());
        found.filter(|connection| !self.ended().contains(&connection.0)).ok_or_else(|| {
            let name = Some("invalid_token".to_owned());
            Answer { status: 401, finch_shaped: true, name, ..Answer::default() }.into_error()
        })
    }
}

/// What Finch says of a token of this connection.
pub(crate) fn facts(connection: Numbered) -> TokenFacts {
    TokenFacts {
        connection_id: connection.connection_id(),
        provider_id: connection.provider(),
        company_id: Some(connection.company()),
        finch_customer_id: FinchCustomerId::new(connection.customer().as_str()).ok(),
        products: vec![Product::Company, Product::Directory],
    }
}

fn session() -> ConnectSession {
    let connect_url = ConnectUrl::new("http://127.0.0.1:1/authorize?session=1");
    ConnectSession { session_id: SessionId::new("session").unwrap(), connect_url }
}

#[async_trait]
impl FinchApi for PaperFinch {
    fn application(&self) -> &Application {
        &self.application
    }

    /// A code is a connection's secret.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: a Finch reads the codes it is sent")]
    async fn exchange(
        &self,
        code: &AuthorizationCode,
        _: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let secret = AccessToken::new(code.expose());
        let connection = self.alive(&secret)?;
        Ok(Grant { secret, facts: facts(connection) })
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let connection = self.alive(token)?;
        Ok(Introspection {
            facts: facts(connection).into(),
            status: Some(ConnectionStatus::Connected),
            ..Introspection::default()
        })
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        let connection = self.alive(token)?;
        self.ended().insert(connection.0);
        Ok(None)
    }

    async fn new_session(
        &self,
        _: &FinchCustomerId,
        _: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        Ok(session())
    }

    async fn reauthenticate_session(
        &self,
        _: &ConnectionId,
        _: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        Ok(session())
    }
}
