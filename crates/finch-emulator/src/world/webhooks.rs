//! Webhooks about connections.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};
use uuid::Uuid;

use super::{
    Connection, Status, World,
    ids::{Ids, Kind},
};
use crate::webhook::{
    Outbox, Outcome, WebhookDelivery, WebhookError, WebhookEvent, WebhookRequest,
};

/// Queues `account.updated` with the current status of a connection, or of an entity that was
/// disconnected, if a receiver is registered.
pub(super) fn announce(
    connection: &Connection,
    entity: Option<Uuid>,
    outbox: &mut Outbox,
    ids: &mut Ids,
    now: Duration,
) {
    if outbox.target().is_some() {
        let status = if entity.is_some() { Status::Disconnected } else { connection.status };
        let body = account_updated(connection, entity, status.as_str());
        outbox.queue(event_id(ids), &body, now);
    }
}

/// `AccountUpdateEvent`. The authentication method is an object as in Finch's SDKs, which are generated
/// from its description; in its documents it is a string.
fn account_updated(connection: &Connection, entity: Option<Uuid>, status: &str) -> Value {
    let method = json!({ "type": connection.authentication });
    let mut body = json!({
        "event_type": "account.updated",
        "company_id": connection.company.id,
        "account_id": entity.unwrap_or(connection.account_id),
        "connection_id": connection.id,
        "data": { "status": status, "authentication_method": method },
    });
    if let Some(entity) = entity {
        body["entity_id"] = json!(entity);
    }
    body
}

fn event_id(ids: &mut Ids) -> String {
    format!("msg_{}", ids.make(Kind::Event).simple())
}

impl World {
    /// Queues a webhook and returns its event id.
    pub(crate) fn send_webhook(&mut self, event: &WebhookEvent) -> Result<String, WebhookError> {
        self.outbox.target().ok_or(WebhookError::NotRegistered)?;
        let body = match event {
            WebhookEvent::Test => {
                let id = Uuid::nil();
                json!({
                    "event_type": "test", "company_id": id, "account_id": id, "connection_id": id,
                    "data": {},
                })
            }
            WebhookEvent::Json(body) => body.clone(),
            WebhookEvent::AccountUpdated { connection_id, status } => {
                let id = Uuid::try_parse(connection_id).ok();
                let connection = id.and_then(|id| self.connections.get(&id));
                account_updated(connection.ok_or(WebhookError::UnknownConnection)?, None, status)
            }
        };
        let id = event_id(&mut self.ids);
        self.outbox.queue(id.clone(), &body, self.clock.now());
        Ok(id)
    }

    pub(crate) fn resend_webhook(&mut self, event_id: &str) -> Result<(), WebhookError> {
        self.outbox.resend(event_id, self.clock.now())
    }

    /// The next due webhook, which is in flight until [`World::webhook_tried`].
    pub(crate) fn take_webhook(&mut self) -> Option<WebhookRequest> {
        self.outbox.take_due(self.clock.now(), self.clock.unix_seconds())
    }

    pub(crate) fn webhook_tried(&mut self, number: u64, outcome: Outcome) {
        let now = self.clock.now();
        self.outbox.tried(number, outcome, now, self.clock.date(now));
    }

    /// A new secret, random or from the seed.
    pub(crate) fn suggested_secret(&self) -> String {
        STANDARD.encode(self.ids.secret_bytes())
    }

    pub(crate) fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        self.outbox.deliveries(|at| self.clock.date(at))
    }
}
