//! Sessions in which a person connects.

use std::time::Duration;

use bytes::Bytes;
use finch_core::{
    ConnectSession, ConnectUrl, FinchApiError, NewSession, Origin, Product, ProviderId,
    ReauthenticateSession, RedirectUri,
};
use reqwest::{Method, Url};
use serde::Serialize;

use crate::{
    HttpFinch,
    call::{Call, Repeat, json},
    reply::{Problem, Reply},
};

#[derive(Serialize)]
struct NewRequest<'a> {
    customer_id: &'a str,
    customer_name: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_email: Option<&'a str>,
    products: &'a [Product],
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

/// `POST /connect/sessions`
pub(crate) async fn new_session(
    finch: &HttpFinch,
    session: &NewSession,
) -> Result<ConnectSession, FinchApiError> {
    let body = json(&NewRequest {
        customer_id: session.customer_id.as_str(),
        customer_name: &session.customer_name,
        customer_email: session.customer_email.as_deref(),
        products: &session.products,
        integration: session
            .provider
            .as_ref()
            .map(ProviderId::as_str)
            .map(|provider| Integration { provider }),
        redirect_uri: session.redirect_uri.as_ref().map(RedirectUri::as_str),
        sandbox: session.sandbox.as_deref(),
        minutes_to_expire: minutes(session.lifetime),
    })?;
    send(finch, "new_session", &finch.urls.new_session, body).await
}

#[derive(Serialize)]
struct ReauthenticateRequest<'a> {
    connection_id: &'a str,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    products: &'a [Product],
    #[serde(skip_serializing_if = "Option::is_none")]
    redirect_uri: Option<&'a str>,
    minutes_to_expire: u64,
}

/// `POST /connect/sessions/reauthenticate`
pub(crate) async fn reauthenticate_session(
    finch: &HttpFinch,
    session: &ReauthenticateSession,
) -> Result<ConnectSession, FinchApiError> {
    let body = json(&ReauthenticateRequest {
        connection_id: session.connection_id.as_str(),
        products: &session.products,
        redirect_uri: session.redirect_uri.as_ref().map(RedirectUri::as_str),
        minutes_to_expire: minutes(session.lifetime),
    })?;
    send(finch, "reauthenticate_session", &finch.urls.reauthenticate_session, body).await
}

#[expect(
    clippy::disallowed_methods,
    reason = "EXPOSE: compared with what comes back, so that no error repeats it"
)]
async fn send(
    finch: &HttpFinch,
    operation: &'static str,
    url: &Url,
    body: Bytes,
) -> Result<ConnectSession, FinchApiError> {
    let call = Call {
        operation,
        method: Method::POST,
        url,
        authorization: Some(finch.basic.clone()),
        body: Some(body),
        secrets: [finch.config.client_secret.expose(), ""],
        repeat: Repeat::Freely,
    };
    finch.send(call, connect_session).await
}

fn connect_session(reply: &Reply) -> Result<ConnectSession, Problem> {
    let answer = reply.object()?;
    let session_id = answer.required_id("session_id")?;
    let connect_url = answer.required("connect_url")?;
    match Origin::new(&connect_url) {
        Ok(_) => Ok(ConnectSession { session_id, connect_url: ConnectUrl::new(connect_url) }),
        Err(problem) => Err(Problem::Unreadable(format!("connect_url {problem}"))),
    }
}

/// Whole minutes, within Finch's limits: 1 minute to 90 days.
fn minutes(lifetime: Duration) -> u64 {
    (lifetime.as_secs() / 60).clamp(1, 90 * 24 * 60)
}
