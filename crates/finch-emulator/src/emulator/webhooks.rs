//! A running emulator's webhooks.

use super::Emulator;
use crate::{WebhookDelivery, WebhookError, WebhookEvent, WebhookTarget, webhook::Secret};

impl Emulator {
    /// Sends webhooks to this URL from now on, signed with this secret, which is standard base64.
    ///
    /// # Errors
    /// No http URL, or no base64.
    pub fn webhooks_to(
        &self,
        url: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<(), WebhookError> {
        let target = WebhookTarget { url: url.into(), secrets: vec![secret.into()] };
        self.world.lock().webhooks_to(Some(&target))
    }

    /// Signs with this secret too, as during a rotation. Another
    /// [`webhooks_to`](Self::webhooks_to) ends the rotation.
    ///
    /// # Errors
    /// No receiver, or no base64.
    pub fn rotate_webhook_secret(&self, secret: &str) -> Result<(), WebhookError> {
        let secret = Secret::parse(secret)?;
        self.world.lock().outbox.target_mut()?.rotate(secret);
        Ok(())
    }

    /// Sends no webhooks any more; those that wait are given up.
    pub fn no_webhooks(&self) {
        self.world.lock().outbox.send_to(None);
    }

    /// Sends a webhook: at once, and if it isn't taken after 5 seconds and 5 minutes of the
    /// emulator's time. Its event id.
    ///
    /// # Errors
    /// No receiver, or no such connection.
    pub fn send_webhook(&self, event: &WebhookEvent) -> Result<String, WebhookError> {
        self.world.lock().send_webhook(event)
    }

    /// Sends a webhook again, with the same id and body.
    ///
    /// # Errors
    /// No receiver, or no such webhook.
    pub fn resend_webhook(&self, event_id: &str) -> Result<(), WebhookError> {
        self.world.lock().resend_webhook(event_id)
    }

    /// The webhooks that wait and the last 100 that came to an end, oldest first.
    #[must_use]
    pub fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        self.world.lock().webhook_deliveries()
    }
}
