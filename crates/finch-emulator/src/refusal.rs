//! Finch's error bodies.

use hyper::{
    Method, StatusCode,
    header::{self, HeaderName, HeaderValue},
};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::{
    answer::{self, Answer},
    fields::Invalid,
    finch_error::FinchError,
    world::Authentication,
};

/// A call refused in Finch's words.
pub(crate) struct Refusal {
    status: StatusCode,
    body: Value,
    header: Option<(HeaderName, HeaderValue)>,
}

impl Refusal {
    /// An error in the shape of Finch's OAuth layer, which most endpoints share.
    fn new(status: StatusCode, name: &str, finch_code: Option<&str>, message: &str) -> Self {
        let code = status.as_u16();
        let mut body = json!({
            "statusCode": code, "status": code, "code": code, "name": name, "message": message,
        });
        if let Some(finch_code) = finch_code {
            body["finch_code"] = finch_code.into();
        }
        Self { status, body, header: None }
    }

    /// An error with exactly the body that the OpenAPI description has.
    fn described(status: StatusCode, body: Value) -> Self {
        Self { status, body, header: None }
    }

    fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    /// The code can't be exchanged.
    pub(crate) fn invalid_grant(reason: &str) -> Self {
        let message = format!("Invalid grant: {reason}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", None, &message)
    }

    /// Wrong client id or secret in a body.
    pub(crate) fn invalid_client() -> Self {
        let message = "Invalid client: client is invalid";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_client", None, message)
    }

    /// Wrong client id or secret in a Basic header.
    pub(crate) fn unknown_client() -> Self {
        let body = json!({
            "code": 401,
            "finch_code": "invalid_client",
            "message": "Invalid client: Unable to validate credentials",
        });
        Self::described(StatusCode::UNAUTHORIZED, body)
            .with_header(header::WWW_AUTHENTICATE, "Basic realm=\"Finch\"")
    }

    /// No access token in the header.
    pub(crate) fn no_authentication() -> Self {
        let message = "Unauthorized request: no authentication given";
        Self::new(StatusCode::UNAUTHORIZED, "unauthorized_request", None, message)
            .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"Finch\"")
    }

    /// An access token that is unknown or revoked: Finch doesn't tell them apart.
    pub(crate) fn invalid_token() -> Self {
        let message = "Invalid token: access token is invalid";
        Self::new(StatusCode::UNAUTHORIZED, "invalid_token", None, message)
            .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"Finch\"")
    }

    /// The customer has a connection: it can only be reauthenticated.
    pub(crate) fn connection_already_exists(customer_id: &str, connection_id: &str) -> Self {
        let message = format!(
            "There's an existing connection for the customer_id: {customer_id}. \
             Please use the /connect/sessions/reauthenticate endpoint instead."
        );
        let body = json!({
            "code": 400,
            "finch_code": "connection_already_exists",
            "message": message,
            "name": "bad_request",
            "context": { "customer_id": customer_id, "connection_id": connection_id },
        });
        Self::described(StatusCode::BAD_REQUEST, body)
    }

    /// There is no such connection to reauthenticate, or no longer.
    pub(crate) fn connection_not_found() -> Self {
        let body = json!({
            "code": 400,
            "finch_code": "invalid_request",
            "message": "Connection not found",
            "name": "bad_request",
        });
        Self::described(StatusCode::BAD_REQUEST, body)
    }

    /// Entities to disconnect that could not be read, exactly as the OpenAPI description has it.
    pub(crate) fn invalid_entity_ids() -> Self {
        let message = "entity_ids must be a non-empty array of UUIDs.";
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", None, message)
    }

    /// Entities to disconnect that are not the connection's, exactly as the OpenAPI description has it.
    pub(crate) fn entities_not_found(ids: &[Uuid]) -> Self {
        let error = |id: &Uuid| json!({ "entityId": id, "error": "NOT_FOUND" });
        let errors: Vec<_> = ids.iter().map(error).collect();
        Self::described(StatusCode::BAD_REQUEST, json!({ "errors": errors }))
    }

    /// A request to a Connect endpoint that breaks a rule.
    pub(crate) fn invalid_session(invalid: &Invalid) -> Self {
        let body = json!({
            "code": 400,
            "finch_code": "invalid_request",
            "message": format!("Invalid request: {invalid}"),
            "name": "bad_request",
            "context": {},
        });
        Self::described(StatusCode::BAD_REQUEST, body)
    }

    /// A provider that does not offer this way to sign in.
    pub(crate) fn invalid_pairing(provider: &str, method: Authentication) -> Self {
        let message = pairing("provider", provider, method);
        Self::new(StatusCode::BAD_REQUEST, "validation_error", None, &message)
    }

    /// The same for a Connect session, with the fields that its OpenAPI description requires. `field` is what
    /// does not go with the method: `provider` or `manual`.
    pub(crate) fn invalid_session_pairing(
        field: &str,
        value: &str,
        method: Authentication,
    ) -> Self {
        let body = json!({
            "code": 400,
            "finch_code": "invalid_request",
            "message": pairing(field, value, method),
            "name": "validation_error",
            "context": {},
        });
        Self::described(StatusCode::BAD_REQUEST, body)
    }

    pub(crate) fn not_found(path: &str) -> Self {
        let message = format!("There is nothing at {path}");
        Self::new(StatusCode::NOT_FOUND, "not_found_error", None, &message)
    }

    /// The path exists, but not with this method.
    pub(crate) fn method_not_allowed(method: &Method, path: &str, allowed: &[Method]) -> Self {
        let allowed = allowed.iter().map(Method::as_str).collect::<Vec<_>>().join(", ");
        let message = format!("{method} is not allowed at {path}, only {allowed}");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut refusal = Self::new(status, "method_not_allowed_error", None, &message);
        refusal.header = HeaderValue::from_str(&allowed).ok().map(|value| (header::ALLOW, value));
        refusal
    }

    /// A request that names no host, which HTTP does not allow and no browser sends.
    pub(crate) fn no_host() -> Self {
        let message = "The request has no Host header: send one, such as Host: 127.0.0.1";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", None, message)
    }

    /// A request for a host that the emulator does not answer as.
    pub(crate) fn other_host(host: &str) -> Self {
        let shown: String = host.chars().take(100).collect();
        let message = format!(
            "The emulator does not answer as the host `{shown}`, because a page on the web could point \
             that name at this machine: use 127.0.0.1 or localhost, or start the emulator with \
             --allow-host {shown}"
        );
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected_request_error", None, &message)
    }

    /// A page of another origin wants to change something here.
    pub(crate) fn foreign() -> Self {
        let message = "This came from a page of another origin, and nothing was changed";
        Self::new(StatusCode::FORBIDDEN, "cross_site_error", None, message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large_error", None, &message)
    }

    /// An error of Finch's table.
    pub(crate) fn named(error: FinchError, context: Option<&Value>) -> Self {
        let status = error.status_code();
        let mut refusal = match error {
            FinchError::InvalidToken => Self::invalid_token(),
            FinchError::UnauthorizedRequest => Self::no_authentication(),
            FinchError::ConnectionAlreadyExists | FinchError::DataSyncInProgress => {
                let body = json!({
                    "code": status.as_u16(),
                    "finch_code": error.finch_code(),
                    "message": error.message(),
                    "name": error.name(),
                });
                Self::described(status, body)
            }
            _ => Self::new(status, error.name(), error.finch_code(), error.message()),
        };
        if let Some(context) = context {
            refusal.body["context"] = context.clone();
        }
        refusal
    }

    /// The error that Finch gives with this status, or the likeliest of them.
    pub(crate) fn typical(status: StatusCode) -> Self {
        match FinchError::typical(status) {
            Some(error) => Self::named(error, None),
            None => {
                let message = status.canonical_reason().unwrap_or("Error");
                Self::new(status, "error", None, message)
            }
        }
    }

    pub(crate) fn into_answer(self) -> Answer {
        let mut answer = answer::json(self.status, &self.body);
        if let Some((name, value)) = self.header {
            answer.headers_mut().insert(name, value);
        }
        answer
    }
}

fn pairing(field: &str, value: &str, method: Authentication) -> String {
    format!("Invalid {field} and authentication type pairing: {value} + {}", method.as_str())
}

impl From<Invalid> for Refusal {
    fn from(invalid: Invalid) -> Self {
        let message = format!("Invalid request: {invalid}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", Some("invalid_request"), &message)
    }
}
