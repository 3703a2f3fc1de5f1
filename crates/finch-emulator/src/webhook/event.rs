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
