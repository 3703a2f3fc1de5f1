//! The texts of all problems, each with its status: what happened, what was changed, and what to do.

use std::time::Duration;

use axum::http::StatusCode;
use finch_app::{BeginConnectError, CompleteConnectError, DisconnectError, StoreError, TokenFate};
use finch_core::{Chain, FailureKind, FinchApiError};

use super::Problem;

pub(super) const SEND_AGAIN: &str =
    " To try again, reload this page: your browser asks whether to send the form again.";

const TO_CONNECT: &str = "Go back to your connections, and connect again.";
const TO_RELOAD: &str = "Go back, reload the page, and try once more.";
const NOTHING: &str = "Nothing was connected.";
const UNCHANGED: &str = "Nothing was connected or changed.";

/// Another process holds a lock for seconds; anything else takes a person, and minutes.
const SOON: Duration = Duration::from_secs(5);
const MOMENT: Duration = Duration::from_secs(30);
const LATER: Duration = Duration::from_secs(60);

/// Requests.
impl Problem {
    /// There is no such page, or no such connection of this customer's: one answer for both.
    pub(crate) fn not_found() -> Self {
        Self::new(StatusCode::NOT_FOUND, "Not found", "There is nothing at this address.")
            .todo("Go back to your connections, and start from there.")
    }

    pub(crate) fn method_not_allowed() -> Self {
        let what = "This address does not do what was asked of it.";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "That does not work here", what)
            .todo("Nothing was changed. Go back to your connections, and start from there.")
    }

    /// The session of the person who sends a form has ended. The connections page leads to the sign-in.
    pub(crate) fn signed_out() -> Self {
        let what = "You are not signed in any more, so that nothing was changed.";
        let page = Self::new(StatusCode::UNAUTHORIZED, "You are signed out", what)
            .todo("Sign in, and start again from your connections.");
        Self { onward: "Sign in", ..page }
    }

    /// A change without our form's CSRF token, or from another site.
    pub(crate) fn forged() -> Self {
        let what = "For your safety nothing was changed: the request did not come from a page that you \
                    opened here, or the page had been open for too long.";
        Self::new(StatusCode::FORBIDDEN, "Please try that again", what).todo(TO_RELOAD)
    }

    pub(crate) fn bad_form() -> Self {
        Self::unread(StatusCode::BAD_REQUEST)
    }

    /// A body that was not read, for the reason that this status gives.
    pub(crate) fn unread(status: StatusCode) -> Self {
        let (title, what) = match status {
            StatusCode::PAYLOAD_TOO_LARGE => (
                "That request was too long",
                "What your browser sent is longer than anything that this page takes.",
            ),
            StatusCode::REQUEST_TIMEOUT => {
                ("That request took too long", "What your browser sent did not arrive in time.")
            }
            _ => ("Please try that again", "What your browser sent could not be read."),
        };
        Self::new(status, title, format!("{what} Nothing was changed.")).todo(TO_RELOAD)
    }

    /// A task has ended early, or a response cannot be built.
    pub(crate) fn cut_off() -> Self {
        let what = "Something broke on our side. Anything already started will finish on its own.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", what)
            .todo("Look at your connections in a moment, and try again from there.")
    }
}

/// The way to Finch Connect and back.
impl Problem {
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

    /// The host's options or its Finch are wrong: the log says how.
    pub(crate) fn not_set_up() -> Self {
        let what = "This application is not set up to connect. Nothing was connected.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", what)
            .todo("Contact support.")
    }

    /// Finch Connect itself reports an error other than a refusal by the person.
    pub(crate) fn connect_failed() -> Self {
        let what = "The sign-in at your provider was not completed. Nothing was changed.";
        Self::new(StatusCode::BAD_GATEWAY, "The sign-in was not completed", what).todo(
            "Go back to your connections, and try again. If this keeps happening, contact support.",
        )
    }
}

impl From<CompleteConnectError> for Problem {
    fn from(error: CompleteConnectError) -> Self {
        use CompleteConnectError as E;
        tracing::warn!(error = %Chain(&error), "a connect was not completed");
        match &error {
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
                    .todo(
                        "Try again in a few seconds. If it stays like this for ten minutes, connect once \
                         more, with the same company.",
                    )
                    .retry_after(SOON)
                    .again()
            }
            // The same address works again while the code lives.
            E::NotSent(cause) => {
                let problem = Self::finch(cause, "You are not connected yet.").again();
                match cause.failure_kind() {
                    FailureKind::PaymentRequired => problem,
                    _ => problem.todo(
                        "Try again within the next minutes: this page remembers where you were.",
                    ),
                }
            }
            E::Failed(cause) if cause.failure_kind() == FailureKind::InvalidGrant => {
                let what = format!("Finch does not accept this sign-in any more. {NOTHING}");
                Self::new(StatusCode::BAD_REQUEST, "This took too long", what).todo(TO_CONNECT)
            }
            E::Failed(cause) => Self::finch(cause, NOTHING),
            E::Unknown(_) => {
                let what = "Finch’s answer did not reach us, or cannot be read, so that we cannot tell \
                            whether you are connected.";
                Self::new(StatusCode::BAD_GATEWAY, "No answer reached us", what).todo(
                    "Connect once more, with the same company. Both then count as one connection, and \
                     disconnecting ends both.",
                )
            }
            E::Quarantined { .. } | E::ForeignToken => {
                let what = "Finch connected something that contradicts what we know of your account. For \
                            your safety it is not used.";
                Self::new(StatusCode::CONFLICT, "This needs a look", what)
                    .todo("Contact support: they can find out what belongs to which account.")
            }
            E::NotStored { .. } | E::Rescued { .. } => {
                let what = "You are connected at Finch, but we could not finish our own records.";
                let kept = match error.token_fate() {
                    TokenFate::Rescued => " What is missing was put in a safe place.",
                    _ => "",
                };
                let what = format!("{what}{kept}");
                Self::new(StatusCode::SERVICE_UNAVAILABLE, "Almost connected", what)
                    .todo("Connect once more in a few minutes, with the same company; or contact support.")
                    .retry_after(LATER)
            }
            E::Store(cause) => Self::store(cause, "Nothing was sent, and nothing is lost.").again(),
            _ => Self::cut_off(),
        }
    }
}

impl From<BeginConnectError> for Problem {
    fn from(error: BeginConnectError) -> Self {
        use BeginConnectError as E;
        match &error {
            E::NotFound => Self::not_found(),
            E::Disconnecting => {
                let what = "This connection is being disconnected, and cannot be renewed. Nothing was \
                            changed.";
                Self::new(StatusCode::CONFLICT, "This connection is being disconnected", what)
                    .todo("To share data again, wait until it has ended, and connect again.")
            }
            E::Ended => {
                let what = "This connection has ended meanwhile, and cannot be renewed. Nothing was \
                            changed.";
                Self::new(StatusCode::CONFLICT, "This connection has ended", what)
                    .todo("To share data again, go back to your connections and connect again.")
            }
            E::Finch(cause) => {
                tracing::warn!(error = %Chain(cause), "Finch opened no session");
                Self::finch(cause, UNCHANGED)
            }
            E::Store(cause) => Self::store(cause, UNCHANGED),
            _ => {
                tracing::error!(%error, "the host's request to connect is not valid");
                Self::not_set_up()
            }
        }
    }
}

impl From<DisconnectError> for Problem {
    fn from(error: DisconnectError) -> Self {
        use DisconnectError as E;
        match &error {
            E::NotFound => Self::not_found(),
            E::Store(cause) => {
                Self::store(cause, "If the disconnect had begun, it goes on by itself.")
            }
            _ => Self::cut_off(),
        }
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::store(&error, "Nothing was changed.")
    }
}

/// The store, and Finch. `left`: what was done, and what was not.
impl Problem {
    fn store(error: &StoreError, left: &str) -> Self {
        tracing::error!(error = %Chain(error), "the store failed");
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
        let (status, what) = (StatusCode::SERVICE_UNAVAILABLE, format!("{what} {left}"));
        Self::new(status, "Not available just now", what).todo(todo).retry_after(wait)
    }

    fn finch(error: &FinchApiError, left: &str) -> Self {
        let (status, title, what, todo) = match error.failure_kind() {
            FailureKind::TryLater | FailureKind::NoAnswer => (
                StatusCode::SERVICE_UNAVAILABLE,
                "Finch is not available just now",
                "We could not reach Finch, the service behind these connections.",
                "Try again in a few minutes.",
            ),
            FailureKind::PaymentRequired => (
                StatusCode::BAD_GATEWAY,
                "Finch couldn’t accept this request",
                "Finch, the service behind these connections, asks us to look at our account there.",
                "Contact support: it is for us to mend, and not for you.",
            ),
            _ => (
                StatusCode::BAD_GATEWAY,
                "Finch couldn’t accept this request",
                "Finch, the service behind these connections, did not accept our request.",
                "Try again later. If this keeps happening, contact support.",
            ),
        };
        let problem = Self::new(status, title, format!("{what} {left}")).todo(todo);
        match status {
            StatusCode::SERVICE_UNAVAILABLE => {
                problem.retry_after(error.retry_after().unwrap_or(MOMENT))
            }
            _ => problem,
        }
    }
}
