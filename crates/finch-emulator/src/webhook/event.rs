//! What a webhook says.

use hyper::body::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use uuid::Uuid;

use crate::world::{Connection, Status};

/// Something that an application is to be told.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum WebhookEvent {
    /// `account.updated`, whatever the connection's status really is: events are hints.
    AccountUpdated {
        /// The connection, which may have ended.
        connection_id: String,
        /// Any word: `connected`, `reauth`, `disconnected`, or one of which nobody has heard.
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

/// A webhook that is written and not yet on its way.
pub(crate) struct Draft {
    pub(crate) event_type: String,
    pub(crate) connection_id: Option<String>,
    pub(crate) body: Bytes,
}

/// `AccountUpdateEvent`
#[derive(Serialize)]
pub(crate) struct AccountUpdated<'a> {
    event_type: &'static str,
    company_id: Uuid,
    account_id: Uuid,
    connection_id: Uuid,
    #[serde(skip_serializing_if = "Option::is_none")]
    entity_id: Option<Uuid>,
    data: AccountData<'a>,
}

#[derive(Serialize)]
struct AccountData<'a> {
    status: &'a str,
    authentication_method: Method,
}

/// An object in Finch's SDKs, a string in its documents: the SDKs are generated.
#[derive(Serialize)]
struct Method {
    r#type: &'static str,
}

impl<'a> AccountUpdated<'a> {
    pub(crate) fn of(connection: &Connection, status: &'a str) -> Self {
        Self {
            event_type: "account.updated",
            company_id: connection.company.id,
            account_id: connection.account_id,
            connection_id: connection.id,
            entity_id: None,
            data: AccountData {
                status,
                authentication_method: Method { r#type: connection.authentication.as_str() },
            },
        }
    }
}

impl AccountUpdated<'static> {
    /// One entity of the connection was disconnected.
    pub(crate) fn of_entity(connection: &Connection, entity: Uuid) -> Self {
        let event = AccountUpdated::of(connection, Status::Disconnected.as_str());
        Self { account_id: entity, entity_id: Some(entity), ..event }
    }
}

impl From<AccountUpdated<'_>> for Draft {
    fn from(event: AccountUpdated<'_>) -> Self {
        Self {
            event_type: event.event_type.to_owned(),
            connection_id: Some(event.connection_id.to_string()),
            // Our own type with string keys: it serializes.
            body: serde_json::to_vec(&event).unwrap_or_default().into(),
        }
    }
}

impl Draft {
    /// `test`: ids of nothing that there is.
    pub(crate) fn test() -> Self {
        let id = Uuid::nil();
        Self::json(&json!({
            "event_type": "test", "company_id": id, "account_id": id, "connection_id": id,
            "data": {},
        }))
    }

    pub(crate) fn json(body: &Value) -> Self {
        let text = |name: &str| body.get(name).and_then(Value::as_str).map(str::to_owned);
        Self {
            event_type: text("event_type").unwrap_or_default(),
            connection_id: text("connection_id"),
            body: body.to_string().into(),
        }
    }
}
