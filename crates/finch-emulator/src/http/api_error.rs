//! Finch's error responses, and the emulator's own in the same shape.

use hyper::{
    Method, StatusCode,
    header::{ALLOW, HeaderName, HeaderValue, WWW_AUTHENTICATE},
};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{FinchError, Invalid, Response, response};

pub(crate) struct ApiError {
    status: StatusCode,
    body: Value,
    header: Option<(HeaderName, HeaderValue)>,
}

impl ApiError {
    /// The shape of Finch's OAuth layer, which most endpoints share.
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

    /// The shape in the OpenAPI description; `more` has the fields beside these three.
    fn described(status: StatusCode, finch_code: &str, message: &str, more: Value) -> Self {
        let mut body = more;
        body["code"] = status.as_u16().into();
        body["finch_code"] = finch_code.into();
        body["message"] = message.into();
        Self { status, body, header: None }
    }

    fn with_header(mut self, name: HeaderName, value: &'static str) -> Self {
        self.header = Some((name, HeaderValue::from_static(value)));
        self
    }

    pub(crate) fn invalid_grant(reason: &str) -> Self {
        let message = format!("Invalid grant: {reason}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_grant", None, &message)
    }

    /// Wrong client id or secret in a Basic header.
    pub(crate) fn unknown_client() -> Self {
        let message = "Invalid client: Unable to validate credentials";
        Self::described(StatusCode::UNAUTHORIZED, "invalid_client", message, json!({}))
            .with_header(WWW_AUTHENTICATE, "Basic realm=\"Finch\"")
    }

    /// The customer has a connection, which can only be reauthenticated.
    pub(crate) fn connection_already_exists(customer_id: &str, connection_id: Uuid) -> Self {
        let message = format!(
            "There's an existing connection for the customer_id: {customer_id}. \
             Please use the /connect/sessions/reauthenticate endpoint instead."
        );
        let context = json!({ "customer_id": customer_id, "connection_id": connection_id });
        let more = json!({ "name": "bad_request", "context": context });
        Self::described(StatusCode::BAD_REQUEST, "connection_already_exists", &message, more)
    }

    /// No live connection to reauthenticate.
    pub(crate) fn connection_not_found() -> Self {
        let more = json!({ "name": "bad_request" });
        let message = "Connection not found";
        Self::described(StatusCode::BAD_REQUEST, "invalid_request", message, more)
    }

    pub(crate) fn invalid_entity_ids() -> Self {
        let message = "entity_ids must be a non-empty array of UUIDs.";
        Self::new(StatusCode::BAD_REQUEST, "BadRequestError", None, message)
    }

    /// Entities to disconnect that belong to another connection or to none.
    pub(crate) fn entities_not_found(ids: &[Uuid]) -> Self {
        let error = |id: &Uuid| json!({ "entityId": id, "error": "NOT_FOUND" });
        let errors: Vec<_> = ids.iter().map(error).collect();
        Self { status: StatusCode::BAD_REQUEST, body: json!({ "errors": errors }), header: None }
    }

    /// An invalid request for a Connect session.
    pub(crate) fn invalid_session(invalid: &Invalid) -> Self {
        let more = json!({ "name": "bad_request", "context": {} });
        let message = format!("Invalid request: {invalid}");
        Self::described(StatusCode::BAD_REQUEST, "invalid_request", &message, more)
    }

    /// A provider that does not offer this authentication method.
    pub(crate) fn invalid_pairing(provider: &str, method: &str) -> Self {
        let message = pairing("provider", provider, method);
        Self::new(StatusCode::BAD_REQUEST, "validation_error", None, &message)
    }

    /// The same for a Connect session. `field` is what contradicts the method: `provider` or `manual`.
    pub(crate) fn invalid_session_pairing(field: &str, value: &str, method: &str) -> Self {
        let more = json!({ "name": "validation_error", "context": {} });
        let message = pairing(field, value, method);
        Self::described(StatusCode::BAD_REQUEST, "invalid_request", &message, more)
    }

    pub(crate) fn not_found(path: &str) -> Self {
        let message = format!("There is nothing at {path}");
        Self::new(StatusCode::NOT_FOUND, "not_found_error", None, &message)
    }

    pub(crate) fn method_not_allowed(method: &Method, path: &str, allowed: &str) -> Self {
        let message = format!("{method} is not allowed at {path}, only {allowed}");
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let mut error = Self::new(status, "method_not_allowed_error", None, &message);
        error.header = HeaderValue::from_str(allowed).ok().map(|value| (ALLOW, value));
        error
    }

    pub(crate) fn no_host() -> Self {
        let message = "The request has no Host header: send one, such as Host: 127.0.0.1";
        Self::new(StatusCode::BAD_REQUEST, "bad_request", None, message)
    }

    /// A host that the emulator does not answer as.
    pub(crate) fn other_host(host: &str) -> Self {
        let shown: String = host.chars().take(100).collect();
        let message = format!(
            "The emulator does not answer as the host `{shown}`, because a page on the web could point \
             that name at this machine: use 127.0.0.1 or localhost, or start the emulator with \
             --allow-host {shown}"
        );
        Self::new(StatusCode::MISDIRECTED_REQUEST, "misdirected_request_error", None, &message)
    }

    pub(crate) fn cross_site() -> Self {
        let message = "This request came from a page of another origin: nothing was changed";
        Self::new(StatusCode::FORBIDDEN, "cross_site_error", None, message)
    }

    pub(crate) fn too_large(limit: usize) -> Self {
        let message = format!("The body is larger than {limit} bytes");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large_error", None, &message)
    }

    /// An error of Finch's table.
    pub(crate) fn of(error: FinchError, context: Option<Value>) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or_default();
        let finch_code = error.finch_code();
        let mut result = match (error, finch_code) {
            (FinchError::ConnectionAlreadyExists | FinchError::DataSyncInProgress, Some(code)) => {
                Self::described(status, code, error.message(), json!({ "name": error.name() }))
            }
            _ => Self::new(status, error.name(), finch_code, error.message()),
        };
        if matches!(error, FinchError::InvalidToken | FinchError::UnauthorizedRequest) {
            result = result.with_header(WWW_AUTHENTICATE, "Bearer realm=\"Finch\"");
        }
        if let Some(context) = context {
            result.body["context"] = context;
        }
        result
    }

    /// The error that Finch most likely gives with this status.
    pub(crate) fn typical(status: StatusCode) -> Self {
        let message = status.canonical_reason().unwrap_or("Error");
        FinchError::typical(status).map_or_else(
            || Self::new(status, "error", None, message),
            |error| Self::of(error, None),
        )
    }
}

fn pairing(field: &str, value: &str, method: &str) -> String {
    format!("Invalid {field} and authentication type pairing: {value} + {method}")
}

impl From<FinchError> for ApiError {
    fn from(error: FinchError) -> Self {
        Self::of(error, None)
    }
}

impl From<Invalid> for ApiError {
    fn from(invalid: Invalid) -> Self {
        let message = format!("Invalid request: {invalid}");
        Self::new(StatusCode::BAD_REQUEST, "invalid_request", Some("invalid_request"), &message)
    }
}

impl From<ApiError> for Response {
    fn from(error: ApiError) -> Self {
        let mut response = response::json(error.status, &error.body);
        response.headers_mut().extend(error.header);
        response
    }
}
