//! What went wrong, as a page: what happened, what to do, and the status that says the same to a machine. Every
//! text is in [`wording`].

mod wording;

use std::time::Duration;

use axum::{
    http::{HeaderValue, StatusCode, header::RETRY_AFTER},
    response::{IntoResponse, Response},
};

use crate::{
    Options,
    page::{self, BAD, CONNECTIONS, Message},
};

/// Why a page is not shown. As a response it is still without its page, which the layer around all pages makes.
#[derive(Clone, Debug)]
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
    fn new(status: StatusCode, title: &'static str, what: impl Into<String>) -> Self {
        let (what, todo) = (what.into(), String::new());
        Self { status, title, what, todo, retry_after: None, again: false, onward: CONNECTIONS }
    }

    /// What to do about it.
    fn todo(self, todo: impl Into<String>) -> Self {
        Self { todo: todo.into(), ..self }
    }

    /// Time mends it, in about so long.
    fn retry_after(self, wait: Duration) -> Self {
        Self { retry_after: Some(wait), ..self }
    }

    /// The same address may be asked again.
    fn again(self) -> Self {
        Self { again: true, ..self }
    }

    /// The page. In answer to a form there is no link that asks again: the address alone lacks what the form held.
    pub(crate) fn page(self, options: &Options, is_form: bool) -> Response {
        let Self { status, title, what, mut todo, retry_after, again, onward } = self;
        if is_form && again {
            todo += wording::SEND_AGAIN;
        }
        let message = Message {
            options,
            tone: BAD,
            title,
            what: vec![what],
            todo: Some(&todo),
            again: again && !is_form,
            onward,
        };
        let mut response = page::show(status, &message);
        if let Some(wait) = retry_after {
            let seconds = HeaderValue::from(wait.as_secs().max(1));
            response.headers_mut().insert(RETRY_AFTER, seconds);
        }
        response
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// So that `?` makes the rejection of an extractor.
impl From<Problem> for Response {
    fn from(problem: Problem) -> Self {
        problem.into_response()
    }
}
