//! The port's calls, each as Finch wants it on the wire.

use std::time::Duration;

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, AuthorizationCode, ConnectRequest, ConnectSession, ConnectionId,
    FinchApi, FinchApiError, FinchCustomerId, Grant, Introspection, RedirectUri, RequestId,
};
use reqwest::Method;
use serde::Serialize;
use serde_json::{Value, json};

use crate::{
    HttpFinch,
    answers::{Issued, acknowledgement, connect_session, introspection, issued},
    call::{OutgoingCall, Repeat, bearer, body},
};

#[derive(Serialize)]
struct Exchange<'a> {
    client_id: &'a str,
    client_secret: &'a str,
    code: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
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
        let call = OutgoingCall {
            operation: "exchange",
            method: Method::POST,
            path: "/auth/token",
            body: Some(body(&request)?),
            secrets: &[request.client_secret, request.code],
            ..OutgoingCall::default()
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
        let call = OutgoingCall {
            operation: "introspect",
            path: "/introspect",
            authorization: Some(bearer(token)?),
            repeat: Repeat::Freely,
            ..OutgoingCall::default()
        };
        self.send(call, introspection).await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        let call = OutgoingCall {
            operation: "disconnect",
            method: Method::POST,
            path: "/disconnect",
            authorization: Some(bearer(token)?),
            // A success must not hide an earlier try that was lost.
            repeat: Repeat::Unseen,
            ..OutgoingCall::default()
        };
        self.send(call, acknowledgement).await
    }

    async fn new_session(
        &self,
        customer_id: &FinchCustomerId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        let session = json!({
            "customer_id": customer_id,
            "customer_name": request.customer_name,
            "customer_email": request.customer_email,
            "products": request.products,
            "integration": request.provider.as_ref().map(|id| json!({ "provider": id })),
            "redirect_uri": request.flow.redirect_uri(),
            "sandbox": request.sandbox,
            "minutes_to_expire": minutes(request.lifetime),
        });
        self.session("new_session", "/connect/sessions", session).await
    }

    async fn reauthenticate_session(
        &self,
        connection: &ConnectionId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError> {
        let session = json!({
            "connection_id": connection,
            "products": Some(&request.products).filter(|products| !products.is_empty()),
            "redirect_uri": request.flow.redirect_uri(),
            "minutes_to_expire": minutes(request.lifetime),
        });
        let path = "/connect/sessions/reauthenticate";
        self.session("reauthenticate_session", path, session).await
    }
}

impl HttpFinch {
    /// Creates a session. Null fields are not sent.
    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: compared with what comes back, so that no error repeats it"
    )]
    async fn session(
        &self,
        operation: &'static str,
        path: &'static str,
        mut session: Value,
    ) -> Result<ConnectSession, FinchApiError> {
        if let Some(fields) = session.as_object_mut() {
            fields.retain(|_, value| !value.is_null());
        }
        let call = OutgoingCall {
            operation,
            method: Method::POST,
            path,
            authorization: Some(self.basic.clone()),
            body: Some(body(&session)?),
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
