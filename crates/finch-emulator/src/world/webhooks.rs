//! What the application is told by webhook.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use uuid::Uuid;

use super::{Connection, World};
use crate::{
    ids::{Ids, Kind},
    webhook::{
        AccountUpdated, Draft, Outbox, Outcome, Target, WebhookDelivery, WebhookError,
        WebhookEvent, WebhookRequest, WebhookTarget,
    },
};

/// Tells the application how a connection is now, if it wants to be told.
pub(super) fn announce(connection: &Connection, outbox: &mut Outbox, ids: &mut Ids, now: Duration) {
    if outbox.target().is_some() {
        let status = connection.status.as_str();
        outbox.queue(event_id(ids), AccountUpdated::of(connection, status).into(), now);
    }
}

/// The same for one entity that was disconnected.
pub(super) fn announce_entity(
    connection: &Connection,
    entity: Uuid,
    outbox: &mut Outbox,
    ids: &mut Ids,
    now: Duration,
) {
    if outbox.target().is_some() {
        outbox.queue(event_id(ids), AccountUpdated::of_entity(connection, entity).into(), now);
    }
}

fn event_id(ids: &mut Ids) -> String {
    format!("msg_{}", ids.make(Kind::Event).simple())
}

impl World {
    /// Registers a receiver, or none.
    pub(crate) fn webhooks_to(
        &mut self,
        target: Option<&WebhookTarget>,
    ) -> Result<(), WebhookError> {
        let target = target.map(Target::new).transpose()?;
        self.outbox.send_to(target);
        Ok(())
    }

    /// Queues a webhook; its event id.
    pub(crate) fn send_webhook(&mut self, event: &WebhookEvent) -> Result<String, WebhookError> {
        if self.outbox.target().is_none() {
            return Err(WebhookError::NotRegistered);
        }
        let draft = match event {
            WebhookEvent::Test => Draft::test(),
            WebhookEvent::Json(body) => Draft::json(body),
            WebhookEvent::AccountUpdated { connection_id, status } => {
                let id = Uuid::try_parse(connection_id).ok();
                let connection = id.and_then(|id| self.connections.get(&id));
                let connection = connection.ok_or(WebhookError::UnknownConnection)?;
                AccountUpdated::of(connection, status).into()
            }
        };
        let id = event_id(&mut self.ids);
        self.outbox.queue(id.clone(), draft, self.clock.now());
        Ok(id)
    }

    /// A secret that nobody uses yet: random, or by the seed.
    pub(crate) fn suggested_secret(&self) -> String {
        STANDARD.encode(self.ids.unused_bytes())
    }

    pub(crate) fn resend_webhook(&mut self, event_id: &str) -> Result<(), WebhookError> {
        self.outbox.again_now(event_id, self.clock.now())
    }

    /// The next webhook that is due; it is on its way until [`webhook_tried`](Self::webhook_tried).
    pub(crate) fn take_webhook(&mut self) -> Option<WebhookRequest> {
        self.outbox.take_due(self.clock.now(), self.clock.unix_seconds())
    }

    pub(crate) fn webhook_tried(&mut self, number: u64, outcome: Outcome) {
        self.outbox.tried(number, outcome, self.clock.now());
    }

    pub(crate) fn next_webhook_in(&self) -> Option<Duration> {
        self.outbox.next_in(self.clock.now())
    }

    pub(crate) fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        self.outbox.deliveries(|at| self.clock.date(at))
    }
}
