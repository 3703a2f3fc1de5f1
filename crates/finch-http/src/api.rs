//! The port's calls, each as Finch wants it on the wire.

use std::time::Duration;

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, AuthorizationCode, ConnectRequest, ConnectSession, ConnectionId,
    FinchApi, FinchApiError, FinchCustomerId, Grant, Introspection, Product, RedirectUri,
    RequestId,
};
use reqwest::Method;
use serde::Serialize;

use crate::{
    HttpFinch,
    answers::{Issued, acknowledgement, connect_session, introspection, issued},
    call::{Call, Repeat, bearer, json},
};

#[derive(Serialize)]
struct Exchange<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
}

/// The request for a session of either kind.
#[derive(Default, Serialize)]
struct Session<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    connection_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_name: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_email: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    products: Option<&'a [Product]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    integration: Option<Integration<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sandbox: Option<&'a str>,
    minutes_to_expire: u64,
}

#[derive(Serialize)]
struct Integration<'a> {
    provider: &'a str,
}

#[async_trait]
impl FinchApi for HttpFinch {
    fn application(&self) -> &Application {
        &self.application
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: Finch wants code and client secret in the body"
    )]
    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        let request = Exchange {
            client_id: self.config.client_id.as_str(),
            client_secret: self.config.client_secret.expose(),
            code: code.expose(),
            redirect_uri: redirect_uri.map(RedirectUri::as_str),
        };
        let call = Call {
            operation: "exchange",
            method: Method::POST,
            path: "/auth/token",
            authorization: None,
            body: Some(json(&request)?),
            secrets: &[request.client_secret, request.code],
            repeat: Repeat::Unseen,
        };
        match self.send(call, issued).await? {
            Issued::Placed(grant) => Ok(grant),
            // The token is live and billed: Finch may say elsewhere where it belongs.
            Issued::Unplaced { secret, facts, error } => {
                let said = self.introspect(&secret).await.map(|said| said.facts);
                match facts.or(said.unwrap_or_default()).complete() {
                    Some(facts) => Ok(Grant { secret, facts }),
                    None => Err(FinchApiError::Unplaced { secret, source: Box::new(error) }),
                }
            }
        }
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        let call = Call {
            operation: "introspect",
            method: Method::GET,
            path: "/introspect",
            authorization: Some(bearer(token)?),
            body: None,
            secrets: &[],
            repeat: Repeat::Freely,
        };
        self.send(call, introspection).await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        let call = Call {
            operation: "disconnect",
            method: Method::POST,
            path: "/disconnect",
            authorization: Some(bearer(token)?),
            body: None,
            secrets: &[],
            // A success must not hide an earlier try that was lost.
            repeat: Repeat::Unseen,
        };
        self.send(call, acknowledgement).await
    }

    async fn new_session(
        &self,
        customer_id: &FinchCustomerId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        let provider = request.provider.as_ref();
        let session = Session {
            customer_id: Some(customer_id.as_str()),
            customer_name: Some(&request.customer_name),
            customer_email: request.customer_email.as_deref(),
            products: Some(&request.products),
            integration: provider.map(|provider| Integration { provider: provider.as_str() }),
            sandbox: request.sandbox.as_deref(),
            ..Session::of(request)
        };
        self.session("new_session", "/connect/sessions", session).await
    }

    async fn reauthenticate_session(
        &self,
        connection: &ConnectionId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        let session = Session {
            connection_id: Some(connection.as_str()),
            products: Some(&*request.products).filter(|products| !products.is_empty()),
            ..Session::of(request)
        };
        let path = "/connect/sessions/reauthenticate";
        self.session("reauthenticate_session", path, session).await
    }
}

impl<'a> Session<'a> {
    /// What sessions of both kinds have.
    fn of(request: &'a ConnectRequest) -> Self {
        let redirect_uri = request.flow.redirect_uri().map(RedirectUri::as_str);
        Self { redirect_uri, minutes_to_expire: minutes(request.lifetime), ..Self::default() }
    }
}

impl HttpFinch {
    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: compared with what comes back, so that no error repeats it"
    )]
    async fn session(
        &self,
        operation: &'static str,
        path: &'static str,
        request: Session<'_>,
    ) -> Result<ConnectSession, FinchApiError> {
        let call = Call {
            operation,
            method: Method::POST,
            path,
            authorization: Some(self.basic.clone()),
            body: Some(json(&request)?),
            secrets: &[self.config.client_secret.expose()],
            repeat: Repeat::Freely,
        };
        self.send(call, connect_session).await
    }
}

/// Whole minutes, within Finch's limits: 1 minute to 90 days.
fn minutes(lifetime: Duration) -> u64 {
    (lifetime.as_secs() / 60).clamp(1, 90 * 24 * 60)
}
