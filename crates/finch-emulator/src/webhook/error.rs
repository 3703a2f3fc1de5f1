//! Why a webhook is not sent.

/// Why webhooks cannot be sent there, or this one not at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum WebhookError {
    /// No URL that anything could be sent to.
    #[error("the webhook URL must be an absolute http URL without a password in it")]
    Url,
    /// TLS is left out.
    #[error(
        "the emulator sends webhooks over plain http only: give the receiver's http URL on this \
         machine"
    )]
    Https,
    /// A secret that Finch would not give.
    #[error("a webhook secret must be standard base64 of at least one byte, as Finch shows it")]
    Secret,
    /// Nothing to sign with, or too much.
    #[error("webhooks are signed with one to five secrets")]
    SecretCount,
    /// Nobody is told anything.
    #[error("no webhook URL is registered: register one first")]
    NotRegistered,
    /// A connection that never was.
    #[error("there is no such connection")]
    UnknownConnection,
    /// A delivery that never was, or is forgotten.
    #[error("there is no such delivery: only the last 100 that came to an end are kept")]
    UnknownDelivery,
}
