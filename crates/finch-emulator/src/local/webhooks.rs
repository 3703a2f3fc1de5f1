//! Webhooks of an emulator that sends nothing: whoever runs it carries them.

use super::LocalEmulator;
use crate::{
    WebhookDelivery, WebhookError, WebhookEvent, WebhookRequest, WebhookTarget, webhook::Outcome,
};

impl LocalEmulator {
    /// Has webhooks for this receiver from now on, or for none.
    ///
    /// # Errors
    /// No http URL, or a secret that is no base64.
    pub fn webhooks_to(&mut self, target: Option<&WebhookTarget>) -> Result<(), WebhookError> {
        self.world.webhooks_to(target)
    }

    /// Queues a webhook. Its event id.
    ///
    /// # Errors
    /// No receiver, or no such connection.
    pub fn send_webhook(&mut self, event: &WebhookEvent) -> Result<String, WebhookError> {
        self.world.send_webhook(event)
    }

    /// Has a webhook sent again, with the same id and body.
    ///
    /// # Errors
    /// No receiver, or no such webhook.
    pub fn resend_webhook(&mut self, event_id: &str) -> Result<(), WebhookError> {
        self.world.resend_webhook(event_id)
    }

    /// The next webhook that is due. It is on its way until it is
    /// [answered](Self::webhook_answered).
    pub fn take_webhook(&mut self) -> Option<WebhookRequest> {
        self.world.take_webhook()
    }

    /// What its receiver answered: a status, or nothing. Unless it took it, it is due again in 5
    /// seconds, and then in 5 minutes, by the clock.
    pub fn webhook_answered(&mut self, webhook: &WebhookRequest, status: Option<u16>) {
        let lost = || Outcome::Failed("no answer".to_owned());
        self.world.webhook_tried(webhook.number, status.map_or_else(lost, Outcome::Answered));
    }

    /// The webhooks that wait and the last 100 that came to an end, oldest first.
    #[must_use]
    pub fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        self.world.webhook_deliveries()
    }
}
