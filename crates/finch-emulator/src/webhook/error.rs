//! Why a webhook cannot be sent.

/// Why a receiver, or one webhook, was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// Not a URL that a webhook can be sent to.
    #[error("the webhook URL must be an absolute http URL without a password in it")]
    Url,
    /// The emulator has no TLS.
    #[error("webhooks are sent over plain http only: give the receiver's http URL on this machine")]
    Https,
    /// Not a secret as Finch creates them.
    #[error("a webhook secret must be standard base64 of at least one byte, as Finch shows it")]
    Secret,
    /// No secret, or too many.
    #[error("webhooks are signed with one to five secrets")]
    SecretCount,
    /// No receiver.
    #[error("no webhook URL is registered: register one first")]
    NotRegistered,
    /// The connection does not exist.
    #[error("there is no such connection")]
    UnknownConnection,
    /// The delivery does not exist or is forgotten.
    #[error("there is no such delivery: only the last 100 finished ones are kept")]
    UnknownDelivery,
}
