//! What went wrong, as a page: what happened, what to do, and the status that says the same to a machine.

mod begin;
mod complete;
mod disconnect;
mod finch;
mod store;

use std::{error::Error, time::Duration};

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::Response,
};

use crate::{
    form::{BadBody, Twice},
    guard::NoRandomness,
    page::{self, CONNECTIONS, Message, Shell, Tone},
};

/// What went wrong.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    title: &'static str,
    what: String,
    todo: String,
    retry_after: Option<Duration>,
    again: bool,
    onward: &'static str,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, title: &'static str, what: impl Into<String>) -> Self {
        let (what, todo) = (what.into(), String::new());
        Self { status, title, what, todo, retry_after: None, again: false, onward: CONNECTIONS }
    }

    /// What to do about it.
    pub(crate) fn todo(mut self, todo: impl Into<String>) -> Self {
        self.todo = todo.into();
        self
    }

    /// Time mends it, in about so long.
    pub(crate) fn retry_after(mut self, wait: Duration) -> Self {
        self.retry_after = Some(wait);
        self
    }

    /// The same address may be asked again.
    pub(crate) fn again(mut self) -> Self {
        self.again = true;
        self
    }

    /// It answers a form: the address alone, which a link asks for, says nothing of what the form said.
    pub(crate) fn of_a_form(mut self) -> Self {
        if std::mem::take(&mut self.again) {
            self.todo += " To try again, reload this page: your browser asks whether to send the form again.";
        }
        self
    }

    /// The page. A change that a page asked for leads back to the connections; so does anything else that
    /// asking again does not mend.
    pub(crate) fn show(self, shell: Shell<'_>) -> Response {
        let what = vec![self.what];
        let todo = Some(self.todo).filter(|todo| !todo.is_empty());
        let Self { status, title, again, onward, .. } = self;
        let message = Message { shell, tone: Tone::Bad, title, what, todo, again, onward };
        let mut response = page::show(status, &message);
        if let Some(wait) = self.retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }

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

    /// Nobody has signed in who could change something. The connections page leads to the sign-in.
    pub(crate) fn signed_out() -> Self {
        let what = "You are not signed in any more, so that nothing was changed.";
        let page = Self::new(StatusCode::UNAUTHORIZED, "You are signed out", what)
            .todo("Sign in, and start again from your connections.");
        Self { onward: "Sign in", ..page }
    }

    /// A change without our form's CSRF token, or from another site.
    pub(crate) fn not_from_here() -> Self {
        let what = "For your safety nothing was changed: the request did not come from a page that you \
                    opened here, or the page had been open for too long.";
        Self::new(StatusCode::FORBIDDEN, "Please try that again", what)
            .todo("Go back, reload the page, and try once more.")
    }

    pub(crate) fn bad_form() -> Self {
        let what = "What your browser sent could not be read. Nothing was changed.";
        Self::new(StatusCode::BAD_REQUEST, "Please try that again", what)
            .todo("Go back, reload the page, and try once more.")
    }

    fn too_long() -> Self {
        let what = "What your browser sent is longer than anything that this page takes. Nothing was \
                    changed.";
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, "That request was too long", what)
            .todo("Go back, reload the page, and try once more.")
    }

    fn too_slow() -> Self {
        let what = "What your browser sent did not arrive in time. Nothing was changed.";
        Self::new(StatusCode::REQUEST_TIMEOUT, "That request took too long", what)
            .todo("Go back, reload the page, and try once more.")
    }

    /// The host cannot say who asks.
    pub(crate) fn host_failed(error: &(dyn Error + 'static)) -> Self {
        tracing::error!(error = chain(error), "the host could not say who asks");
        let what = "We could not find out who is signed in. Nothing was changed.";
        Self::new(StatusCode::SERVICE_UNAVAILABLE, "Not available just now", what)
            .todo("Try again in a moment.")
            .retry_after(Duration::from_secs(5))
    }

    /// A task has ended early: something has panicked.
    pub(crate) fn cut_off() -> Self {
        let what = "Something broke on our side while we were at it. Anything already started will finish on its own.";
        Self::new(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong", what)
            .todo("Look at your connections in a moment, and try again from there.")
    }
}

impl From<BadBody> for Problem {
    fn from(bad: BadBody) -> Self {
        match bad {
            BadBody::TooLong => Self::too_long(),
            BadBody::TooSlow => Self::too_slow(),
            BadBody::CutOff => Self::bad_form(),
        }
    }
}

impl From<Twice> for Problem {
    fn from(_: Twice) -> Self {
        Self::bad_form()
    }
}

impl From<NoRandomness> for Problem {
    fn from(error: NoRandomness) -> Self {
        tracing::error!(%error, "no page can be made");
        Self::cut_off()
    }
}

/// An error with everything behind it, for the log. None of ours says a secret.
fn chain(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}
