//! No attempt to connect began.

use axum::http::StatusCode;
use finch_app::BeginConnectError;

use super::{Problem, chain};

impl From<BeginConnectError> for Problem {
    fn from(error: BeginConnectError) -> Self {
        use BeginConnectError as E;
        match &error {
            E::NotFound => Self::not_found(),
            E::Disconnecting => {
                let what = "This connection is being disconnected, and cannot be renewed. Nothing was changed.";
                Self::new(StatusCode::CONFLICT, "This connection is being disconnected", what)
                    .todo("To share data again, wait until it has ended, and connect again.")
            }
            E::Ended => {
                let what = "This connection has ended meanwhile, and cannot be renewed. Nothing was changed.";
                Self::new(StatusCode::CONFLICT, "This connection has ended", what)
                    .todo("To share data again, go back to your connections and connect again.")
            }
            E::Finch(cause) => Self::finch(cause, "Nothing was connected or changed."),
            E::Store(cause) => Self::store(cause, "Nothing was connected or changed."),
            _ => {
                tracing::error!(error = chain(&error), "what the host asks for cannot be asked");
                let what = "This application is not set up to connect. Nothing was connected.";
                Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", what)
                    .todo("Contact support.")
            }
        }
    }
}
