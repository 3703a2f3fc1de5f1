//! A disconnect was not made, or not followed to its end.

use axum::http::StatusCode;
use finch_app::DisconnectError;

use super::Problem;

impl From<DisconnectError> for Problem {
    fn from(error: DisconnectError) -> Self {
        use DisconnectError as E;
        match &error {
            E::NotFound => Self::not_found(),
            E::PlanChanged => {
                let what = "The connection has changed since you looked at it. Nothing was done.";
                Self::new(StatusCode::CONFLICT, "Please look again", what)
                    .todo("Go back to your connections, and look at what would happen now.")
            }
            E::Store(cause) => {
                Self::store(cause, "If the disconnect had begun, it goes on by itself.")
            }
            _ => Self::cut_off(),
        }
    }
}
