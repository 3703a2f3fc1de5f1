//! The port to Finch: one method per operation that a connection's life needs.

use std::time::Duration;

use async_trait::async_trait;

use crate::{
    AccessToken, Application, AuthorizationCode, ConnectUrl, ConnectionId, FinchApiError,
    FinchCustomerId, Flow, Grant, Introspection, Product, ProviderId, RedirectUri, RequestId,
    SessionId,
};

/// Finch, as far as connections need it.
///
/// # Contract
///
/// - Every method speaks for [`FinchApi::application`], and sends secrets nowhere but to its origin.
/// - An error tells the truth about what may have happened at Finch: see [`FinchApiError`]. When in
///   doubt whether a byte went out, it did.
/// - [`FinchApi::exchange`] sends a code at most once: it may try again only where no connection was
///   made, or where Finch said that it did not look at the request (402, 429).
/// - The other methods may repeat a request. A refusal of a token is reported as
///   [`TokenInvalid`](crate::FailureKind::TokenInvalid) even where an earlier try of the same call caused it.
/// - Dropping the future of a call leaves what it did at Finch unknown.
/// - No error contains a body, a URL's query or a secret, but for the token of
///   [`FinchApiError::Unplaced`], which no text of the error shows.
#[async_trait]
pub trait FinchApi: Send + Sync {
    /// The application whose credentials the calls use.
    fn application(&self) -> &Application;

    /// `POST /auth/token`: exchanges an authorization code for a token. `redirect_uri` must be the
    /// one of the redirect flow, and absent in the embedded flow.
    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError>;

    /// `GET /introspect`: what Finch knows of a token that it accepts.
    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError>;

    /// `POST /disconnect`: ends the connection of `token`. Success is Finch's promise, no proof; it comes
    /// with Finch's request id, for the record.
    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError>;

    /// `POST /connect/sessions`: a session in which a customer connects, under a customer id that Finch allows
    /// only once.
    async fn new_session(
        &self,
        customer_id: &FinchCustomerId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError>;

    /// `POST /connect/sessions/reauthenticate`: a session that renews the connection which Finch knows by this
    /// `connection_id`. Products, flow and lifetime of the request count.
    async fn reauthenticate_session(
        &self,
        connection: &ConnectionId,
        request: &ConnectRequest,
    ) -> Result<ConnectSession, FinchApiError>;
}

/// What a customer's attempt asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectRequest {
    /// The customer's name, for the person who connects: 1 to 255 characters.
    pub customer_name: String,
    /// The person's address, if Finch is to know it.
    pub customer_email: Option<String>,
    /// What to ask for. At least one product for a new connection; empty in a reauthentication: as
    /// before.
    pub products: Vec<Product>,
    /// The provider, where the person has no choice.
    pub provider: Option<ProviderId>,
    /// Redirect, or embedded.
    pub flow: Flow,
    /// Finch's sandbox: `finch` or `provider`; none for real data.
    pub sandbox: Option<String>,
    /// How long the session and the attempt live: whole minutes, 1 minute to 90 days.
    pub lifetime: Duration,
}

impl ConnectRequest {
    /// A request for real data at any provider, for one day.
    pub fn new(customer_name: impl Into<String>, products: Vec<Product>, flow: Flow) -> Self {
        Self {
            customer_name: customer_name.into(),
            customer_email: None,
            products,
            provider: None,
            flow,
            sandbox: None,
            lifetime: Duration::from_secs(24 * 3600),
        }
    }
}

/// A session in which a person connects.
#[derive(Clone, Debug)]
pub struct ConnectSession {
    /// Finch's name for it.
    pub session_id: SessionId,
    /// The page to send the person to.
    pub connect_url: ConnectUrl,
}
