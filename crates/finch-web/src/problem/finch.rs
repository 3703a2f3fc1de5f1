//! Finch failed.

use std::time::Duration;

use axum::http::StatusCode;
use finch_core::{FailureKind, FinchApiError};

use super::{Problem, chain};

const A_MOMENT: Duration = Duration::from_secs(30);

impl Problem {
    /// Finch did not do what it was asked. `left`: what was done, and what was not.
    pub(super) fn finch(error: &FinchApiError, left: &str) -> Self {
        tracing::warn!(error = chain(error), "Finch failed");
        Self::of_kind(error.kind(), error.retry_after(), left)
    }

    /// The same for a failure that is only remembered.
    pub(super) fn of_kind(kind: FailureKind, wait: Option<Duration>, left: &str) -> Self {
        let title = "Finch is not available just now";
        match kind {
            FailureKind::TryLater | FailureKind::NoAnswer => {
                let what = format!(
                    "We could not reach Finch, the service behind these connections. {left}"
                );
                Self::new(StatusCode::SERVICE_UNAVAILABLE, title, what)
                    .todo("Try again in a few minutes.")
                    .retry_after(wait.unwrap_or(A_MOMENT))
            }
            // No time mends it, and nothing that the person could do.
            FailureKind::PaymentRequired => {
                let what = format!(
                    "Finch, the service behind these connections, asks us to look at our account there. \
                     {left}"
                );
                Self::new(StatusCode::BAD_GATEWAY, "Finch couldn’t accept this request", what)
                    .todo("Contact support: it is for us to mend, and not for you.")
            }
            _ => {
                let what = format!(
                    "Finch, the service behind these connections, did not accept our request. {left}"
                );
                Self::new(StatusCode::BAD_GATEWAY, "Finch couldn’t accept this request", what)
                    .todo("Try again later. If this keeps happening, contact support.")
            }
        }
    }
}
