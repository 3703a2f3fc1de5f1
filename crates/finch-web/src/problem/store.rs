//! The store failed.

use std::time::Duration;

use axum::http::StatusCode;
use finch_app::StoreError;

use super::{Problem, chain};

/// Another process holds a lock for seconds; anything else takes a person, and minutes.
const SOON: Duration = Duration::from_secs(5);
const LATER: Duration = Duration::from_secs(60);

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::store(&error, "Nothing was changed.")
    }
}

impl Problem {
    /// `left`: what was done, and what was not.
    pub(super) fn store(error: &StoreError, left: &str) -> Self {
        tracing::error!(error = chain(error), "the store failed");
        let (what, todo, wait) = match error {
            StoreError::Busy | StoreError::Moved => (
                "Our records are busy just now.",
                "Try again in a moment. Your connections are safe.",
                SOON,
            ),
            _ => (
                "Our records cannot be reached just now.",
                "Try again in a few minutes. If this keeps happening, contact support.",
                LATER,
            ),
        };
        Self::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "Not available just now",
            format!("{what} {left}"),
        )
        .todo(todo)
        .retry_after(wait)
    }
}
