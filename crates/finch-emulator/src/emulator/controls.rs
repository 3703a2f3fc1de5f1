//! What both emulators let their owner see and change.

use std::{fmt, time::Duration};

use crate::{
    EmulatorConfig, EmulatorState, Fault, IssuedToken, Login, ReceivedCall, WebhookDelivery,
    WebhookError, WebhookEvent, WebhookTarget,
    service::{Service, Shared},
    webhook::Secret,
    world::Clock,
};

/// What the owner of an [`Emulator`](crate::Emulator) or a [`LocalEmulator`](crate::LocalEmulator) sees
/// and changes, without a request.
pub struct Controls {
    pub(super) service: Shared,
    client_id: String,
    client_secret: String,
}

impl Controls {
    pub(super) fn new(config: EmulatorConfig, url: String, clock: Clock) -> Self {
        Self {
            client_id: config.client_id.clone(),
            client_secret: config.client_secret.clone(),
            service: Shared::new(Service::new(config, url, clock)),
        }
    }

    /// The same service.
    pub(super) fn share(&self) -> Self {
        let (client_id, client_secret) = (self.client_id.clone(), self.client_secret.clone());
        Self { client_id, client_secret, service: self.service.clone() }
    }

    pub(super) fn fork(&self) -> Self {
        Self {
            client_id: self.client_id.clone(),
            client_secret: self.client_secret.clone(),
            service: Shared::new(self.service.lock().fork()),
        }
    }

    /// The client id of the one application.
    #[must_use]
    pub fn client_id(&self) -> &str {
        &self.client_id
    }

    /// The client secret of the one application.
    #[must_use]
    pub fn client_secret(&self) -> &str {
        &self.client_secret
    }

    /// Issues a code for a login: single use, 10 minutes.
    #[must_use]
    pub fn issue_code(&self, login: Login) -> String {
        self.service.lock().world.issue_code(login.into())
    }

    /// Queues a fault for the next matching requests.
    pub fn push_fault(&self, fault: Fault) {
        self.service.lock().faults.push(fault);
    }

    /// Drops the waiting faults.
    pub fn clear_faults(&self) {
        self.service.lock().faults.clear();
    }

    /// The current state, without secrets.
    #[must_use]
    pub fn state(&self) -> EmulatorState {
        self.service.lock().state()
    }

    /// Every issued token with its secret, oldest first.
    #[must_use]
    pub fn issued_tokens(&self) -> Vec<IssuedToken> {
        self.service.lock().issued_tokens()
    }

    /// Whether Finch accepts this token.
    #[must_use]
    pub fn is_alive(&self, token: &str) -> bool {
        self.service.lock().world.live(token).is_some()
    }

    /// Ends a connection, as a person does in Finch's dashboard. False: no such live connection.
    pub fn end_connection(&self, connection_id: &str) -> bool {
        self.service.lock().world.end_connection(connection_id)
    }

    /// Sets the status of a live connection, as a provider does: `reauth`, `connected` and so on. False: no
    /// such live connection, or no such status.
    pub fn set_status(&self, connection_id: &str, status: &str) -> bool {
        self.service.lock().world.set_status_by_name(connection_id, status)
    }

    /// The last 100 requests to Finch's endpoints, oldest first.
    #[must_use]
    pub fn recent_calls(&self) -> Vec<ReceivedCall> {
        self.service.lock().recent_calls()
    }

    /// Advances the clock, by a hundred years in all at most, and applies the effects that are due.
    pub fn advance(&self, by: Duration) {
        self.service.lock().advance(by);
    }

    /// Starts again with the configuration. With a seed, the same ids come again.
    pub fn reset(&self) {
        self.service.lock().reset();
    }

    /// Registers a receiver of webhooks. `secret` is standard base64.
    ///
    /// # Errors
    /// An invalid URL or secret.
    pub fn webhooks_to(
        &self,
        url: impl Into<String>,
        secret: impl Into<String>,
    ) -> Result<(), WebhookError> {
        let target = WebhookTarget { url: url.into(), secrets: vec![secret.into()] };
        self.service.lock().world.outbox.register(&target)
    }

    /// Signs webhooks with this secret too, until [`webhooks_to`](Self::webhooks_to) ends the rotation.
    ///
    /// # Errors
    /// No receiver, or an invalid secret.
    pub fn rotate_webhook_secret(&self, secret: &str) -> Result<(), WebhookError> {
        let secret = Secret::parse(secret)?;
        self.service.lock().world.outbox.target_mut()?.rotate(secret);
        Ok(())
    }

    /// Removes the receiver of webhooks. Those that wait fail.
    pub fn no_webhooks(&self) {
        self.service.lock().world.outbox.unregister();
    }

    /// Queues a webhook and returns its event id. Failed attempts are repeated after 5 seconds and after 5
    /// minutes of the emulator's clock.
    ///
    /// # Errors
    /// No receiver, or no such connection.
    pub fn send_webhook(&self, event: &WebhookEvent) -> Result<String, WebhookError> {
        self.service.lock().world.send_webhook(event)
    }

    /// Queues a webhook again, with the same id and body.
    ///
    /// # Errors
    /// No receiver, or no such webhook.
    pub fn resend_webhook(&self, event_id: &str) -> Result<(), WebhookError> {
        self.service.lock().world.resend_webhook(event_id)
    }

    /// The waiting webhooks and the last 100 finished ones, oldest first.
    #[must_use]
    pub fn webhook_deliveries(&self) -> Vec<WebhookDelivery> {
        self.service.lock().world.webhook_deliveries()
    }
}

impl fmt::Debug for Controls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Controls").field("client_id", &self.client_id).finish_non_exhaustive()
    }
}
