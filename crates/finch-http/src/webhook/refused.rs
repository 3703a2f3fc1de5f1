//! Why a delivery is refused.

use finch_core::{Actionable, Advice, ErrorKind, MAX_WEBHOOK_BYTES};
use thiserror::Error;

/// Why a delivery is refused. Answer with a 4xx, and change nothing. Only
/// [`NotJson`](Self::NotJson) is about a delivery that Finch has signed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WebhookRefused {
    /// One of Finch's three headers is missing, has different values, or one that Finch never sends.
    #[error("the header {header} {problem}")]
    Header {
        /// Which.
        header: &'static str,
        /// What is wrong with it.
        problem: &'static str,
    },
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
    /// Signed by Finch, and not JSON.
    #[error("the webhook's body is not JSON ({bytes} bytes)")]
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
