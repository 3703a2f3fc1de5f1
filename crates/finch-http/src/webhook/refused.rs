//! Why a delivery is no webhook of Finch's.

use finch_core::{Actionable, Advice, ErrorKind, MAX_WEBHOOK_BYTES};
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
    /// It was sent too long ago: a replay, or a clock is wrong.
    #[error("the webhook was sent more than five minutes ago ({seconds} s more)")]
    TooOld {
        /// By how much it is too old.
        seconds: u64,
    },
    /// It was sent in the future: a clock is wrong.
    #[error("the webhook is from more than five minutes ahead ({seconds} s more)")]
    FromTheFuture {
        /// By how much it is too new.
        seconds: u64,
    },
    /// None of its signatures was made with one of the secrets.
    #[error("no signature of the webhook matches")]
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

impl Actionable for WebhookRefused {
    fn advice(&self) -> Advice {
        let step = match self {
            Self::TooOld { .. } => {
                "check this machine's clock, which may be fast; else it is a replay"
            }
            Self::FromTheFuture { .. } => "check this machine's clock, which may be slow",
            Self::NoSignatureMatches => {
                "compare the webhook secret with Finch's dashboard; else it is not Finch's, or was changed on \
                 the way"
            }
            _ => "answer with a 4xx, and check that no proxy changes requests on the way",
        };
        Advice::new(ErrorKind::InvalidInput, "webhook_refused", step)
    }
}
