//! Webhooks: what Finch tells an application by itself, signed, and again until it is heard.

pub(crate) mod courier;
mod delivery;
mod error;
mod event;
mod outbox;
mod secret;
mod target;

pub(crate) use delivery::{Delivery, Outcome};
pub use delivery::{WebhookAttempt, WebhookDelivery, WebhookRequest};
pub use error::WebhookError;
pub use event::WebhookEvent;
pub(crate) use event::{AccountUpdated, Draft};
pub(crate) use outbox::Outbox;
pub(crate) use secret::Secret;
pub(crate) use target::Target;
pub use target::WebhookTarget;
