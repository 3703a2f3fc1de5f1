//! Why a delivery is no webhook of Finch's.

use finch_core::MAX_WEBHOOK_BYTES;
use thiserror::Error;

/// Why a delivery is refused. Answer with a 4xx, and change nothing. What is said here of a delivery whose
/// signature was not looked at is only as true as its headers.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WebhookRefused {
    /// A header that Finch always sends is not there.
    #[error("the header {header} is missing: Finch sends it with each webhook")]
    MissingHeader {
        /// Which.
        header: &'static str,
    },
    /// A header came more than once, and says different things.
    #[error("the header {header} came more than once, with different values")]
    Contradiction {
        /// Which.
        header: &'static str,
    },
    /// `Finch-Event-Id` is no id: it is empty, not UTF-8, or contains the dot that divides what is signed.
    #[error("the header Finch-Event-Id is no event id")]
    BadEventId,
    /// `Finch-Timestamp` is not a number of seconds, in digits only.
    #[error("the header Finch-Timestamp is no number of seconds")]
    BadTimestamp,
    /// It was sent too long ago: it is a replay, or a clock is wrong.
    #[error(
        "the webhook was sent more than five minutes ago ({seconds} s more): a replay, or this machine's clock is fast"
    )]
    TooOld {
        /// By how much it is too old.
        seconds: u64,
    },
    /// It was sent in the future: a clock is wrong.
    #[error(
        "the webhook is from more than five minutes ahead ({seconds} s more): this machine's clock is slow"
    )]
    FromTheFuture {
        /// By how much it is too new.
        seconds: u64,
    },
    /// None of its signatures was made with one of the secrets.
    #[error(
        "no signature matches: it is not Finch's, its body was changed on the way, or the webhook secret is another one"
    )]
    NoSignatureMatches,
    /// Signed by Finch, and no JSON.
    #[error("the webhook's body is no JSON ({bytes} bytes)")]
    NotJson {
        /// How long it is.
        bytes: usize,
    },
    /// The body is longer than any of Finch's.
    #[error(
        "the webhook's body is too large: {bytes} bytes, at most {MAX_WEBHOOK_BYTES} are taken"
    )]
    TooLarge {
        /// How long it is.
        bytes: usize,
    },
}
