//! Pages, and the one that only says something.

use askama::Template;
use axum::{
    http::{StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::Options;

/// How a message is meant: its class, and its sign as a path in a field of 24 by 24.
pub(crate) struct Tone {
    pub(crate) class: &'static str,
    pub(crate) sign: &'static str,
}

/// It is done: a tick.
pub(crate) const DONE: Tone = Tone { class: "done", sign: "M6.5 12.5l3.7 3.7 7.3-8" };
/// It goes on by itself: three dots.
pub(crate) const QUIET: Tone = Tone { class: "quiet", sign: "M7 12h.01M12 12h.01M17 12h.01" };
/// It went wrong: an exclamation mark.
pub(crate) const BAD: Tone = Tone { class: "bad", sign: "M12 6.5v6.5M12 17h.01" };

/// What links to the connections page say.
pub(crate) const CONNECTIONS: &str = "Your connections";

/// A page that says something, and leads on.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) options: &'a Options,
    pub(crate) tone: Tone,
    pub(crate) title: &'a str,
    /// What happened.
    pub(crate) what: Vec<String>,
    /// What to do.
    pub(crate) todo: Option<&'a str>,
    /// Whether the same address may be asked again.
    pub(crate) again: bool,
    /// What the link to the connections page says.
    pub(crate) onward: &'a str,
}

/// Renders a page.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => (status, [(CONTENT_TYPE, "text/html; charset=utf-8")], html).into_response(),
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let text = "This page could not be made. Reload it.\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// An answer for a script.
pub(crate) fn json(value: &Value) -> Response {
    ([(CONTENT_TYPE, "application/json")], value.to_string()).into_response()
}
