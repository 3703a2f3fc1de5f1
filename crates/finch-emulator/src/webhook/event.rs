//! The content of a webhook.

use serde_json::Value;

/// An event for the application.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// `account.updated`. It does not change the connection.
    AccountUpdated {
        /// A connection, live or disconnected.
        connection_id: String,
        /// Any status, even one that Finch does not have.
        status: String,
    },
    /// `test`, as Finch's dashboard sends it.
    Test,
    /// Any other body.
    Json(Value),
}

impl WebhookEvent {
    /// `account.updated` of a connection, with a status.
    pub fn account_updated(connection_id: impl Into<String>, status: impl Into<String>) -> Self {
        Self::AccountUpdated { connection_id: connection_id.into(), status: status.into() }
    }
}

/// The body of a webhook, and what it is about.
pub(crate) struct Draft {
    pub(super) event_type: String,
    pub(super) connection_id: Option<String>,
    pub(super) body: String,
}

impl From<&Value> for Draft {
    fn from(body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            event_type: text("event_type").unwrap_or_default(),
            connection_id: text("connection_id"),
            body: body.to_string(),
        }
    }
}
