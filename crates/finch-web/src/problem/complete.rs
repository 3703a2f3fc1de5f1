//! An attempt to connect did not end with a connection in use.

use std::time::Duration;

use axum::http::StatusCode;
use finch_app::{CompleteConnectError, ExchangeError};
use finch_core::FailureKind;

use super::{Problem, chain};

const TO_CONNECT: &str = "Go back to your connections, and connect again.";
const NOTHING: &str = "Nothing was connected.";

impl From<&CompleteConnectError> for Problem {
    fn from(error: &CompleteConnectError) -> Self {
        use CompleteConnectError as E;
        tracing::warn!(error = chain(error), "a connect was not completed");
        let soon = Duration::from_secs(5);
        match error {
            E::NoCode => Self::incomplete_return(),
            E::UnknownState => {
                let what = "This link doesn’t belong to a connection that you started here, with your \
                            account. Nothing was connected.";
                Self::new(StatusCode::NOT_FOUND, "We do not know this connection", what)
                    .todo(TO_CONNECT)
            }
            E::Expired => {
                let what = format!("It took too long to come back from Finch. {NOTHING}");
                Self::new(StatusCode::GONE, "This took too long", what).todo(TO_CONNECT)
            }
            E::StateUsed => {
                let what = "You came back from this sign-in before, and it works only once. Whatever it \
                            connected, if anything, is among your connections.";
                Self::new(StatusCode::CONFLICT, "Already used", what).todo(
                    "Look at your connections. If the one you want is not there, connect again.",
                )
            }
            E::InProgress | E::CutOff => {
                let what = "This sign-in is still being finished, or was cut off on the way.";
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "One moment, please", what)
                    .todo("Try again in a few seconds. If it stays like this for ten minutes, connect once more, with the same company.")
                    .retry_after(soon)
                    .again()
            }
            E::NotSent(cause) => not_sent(cause),
            E::Failed(cause) => failed(cause),
            E::Unknown(_) => {
                let what = "Finch’s answer did not reach us, or cannot be read, so that we cannot tell \
                            whether you are connected.";
                Self::new(StatusCode::BAD_GATEWAY, "We did not hear back", what)
                    .todo("Connect once more, with the same company. Both then count as one connection, and disconnecting ends both.")
            }
            E::Conflict { .. }
            | E::OtherCustomer { .. }
            | E::UnnamedCustomer { .. }
            | E::ForeignToken => {
                let what = "Finch connected something that contradicts what we know of your account. For \
                            your safety it is not used.";
                Self::new(StatusCode::CONFLICT, "This needs a look", what)
                    .todo("Contact support: somebody has to find out what belongs to whom.")
            }
            E::Store(cause) => Self::store(cause, "Nothing was sent, and nothing is lost.").again(),
            _ => Self::cut_off(),
        }
    }
}

impl Problem {
    /// A token could not be stored. `kept`: the host has it.
    pub(crate) fn not_stored(kept: bool) -> Self {
        let what = if kept {
            "You are connected at Finch, but we could not finish our own records. What is needed to finish \
             was put in a safe place."
        } else {
            "You are connected at Finch, but we could not finish our own records."
        };
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Almost connected", what)
            .todo("Connect once more in a few minutes, with the same company; or contact support.")
            .retry_after(Duration::from_secs(60))
    }

    /// The way back from Finch lacks something.
    pub(crate) fn incomplete_return() -> Self {
        let what = format!("Finch sent you back without the details we need. {NOTHING}");
        Self::new(StatusCode::BAD_REQUEST, "Something is missing", what).todo(TO_CONNECT)
    }

    /// Finch has sent the browser back without a state, and this browser keeps no attempt.
    pub(crate) fn no_attempt() -> Self {
        let what = format!(
            "Finch sent you back without saying which sign-in this is, and this browser has started none \
             here in the last hour. {NOTHING}"
        );
        Self::new(StatusCode::BAD_REQUEST, "This sign-in cannot be finished here", what).todo(
            "Go back to your connections, and connect again: in one browser from start to end, with \
             cookies allowed.",
        )
    }

    /// Finch Connect itself reports an error other than a refusal by the person.
    pub(crate) fn connect_failed() -> Self {
        let what = "The sign-in at your provider was not completed. Nothing was changed.";
        Self::new(StatusCode::BAD_GATEWAY, "The sign-in was not completed", what).todo(
            "Go back to your connections, and try again. If this keeps happening, contact support.",
        )
    }
}

/// Finch did not look at the code: the same address works again while the code lives.
fn not_sent(cause: &ExchangeError) -> Problem {
    let wait = match cause {
        ExchangeError::Now(error) => error.retry_after(),
        _ => None,
    };
    let kind = cause.failure().kind;
    let problem = Problem::of_kind(kind, wait, "You are not connected yet.").again();
    match kind {
        FailureKind::PaymentRequired => problem,
        _ => problem.todo("Try again within the next minutes: this page remembers where you were."),
    }
}

fn failed(cause: &ExchangeError) -> Problem {
    let kind = cause.failure().kind;
    if kind == FailureKind::InvalidGrant {
        let what = format!("Finch does not accept this sign-in any more. {NOTHING}");
        return Problem::new(StatusCode::BAD_REQUEST, "This took too long", what).todo(TO_CONNECT);
    }
    Problem::of_kind(kind, None, NOTHING)
}
