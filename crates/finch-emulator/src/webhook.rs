//! Webhooks: their receiver, their signatures and the queue of deliveries. Nothing is sent from here.

mod delivery;
mod error;
mod event;
mod outbox;
mod secret;
mod target;

pub(crate) use delivery::Outcome;
pub use delivery::{WebhookAttempt, WebhookDelivery, WebhookRequest};
pub use error::WebhookError;
pub use event::WebhookEvent;
pub(crate) use outbox::Outbox;
pub(crate) use secret::Secret;
pub(crate) use target::Target;
pub use target::WebhookTarget;
