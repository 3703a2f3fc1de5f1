//! Pages: what is the same on all of them, and the one that only says something.

use askama::Template;
use axum::{
    http::{HeaderValue, StatusCode, header::CONTENT_TYPE},
    response::{IntoResponse, Response},
};
use serde_json::Value;

use crate::Options;

/// What is the same on all pages.
pub(crate) struct Shell<'a> {
    pub(crate) application: &'a str,
    /// The connections page.
    pub(crate) page: &'a str,
    /// What all other paths begin with.
    pub(crate) base: &'a str,
    pub(crate) style: &'a str,
    pub(crate) home: Option<&'a str>,
    pub(crate) support: Option<Support<'a>>,
}

/// Where people get help.
pub(crate) enum Support<'a> {
    Mail(&'a str),
    Page(&'a str),
    Words(&'a str),
}

impl<'a> Shell<'a> {
    pub(crate) fn new(options: &'a Options, style: &'a str) -> Self {
        let support = options.support.as_deref().map(|support| match support {
            page if page.starts_with("https://") => Support::Page(page),
            mail if mail.contains('@') && !mail.contains(char::is_whitespace) => {
                Support::Mail(mail)
            }
            words => Support::Words(words),
        });
        Self {
            application: &options.application,
            page: options.address.page(),
            base: &options.address.base,
            style,
            home: options.home.as_deref(),
            support,
        }
    }
}

/// How a message is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Tone {
    /// It is done.
    Done,
    /// It goes on by itself.
    Quiet,
    Bad,
}

impl Tone {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Quiet => "quiet",
            Self::Bad => "bad",
        }
    }

    /// What its sign shows, as a path in a field of 24 by 24: a tick, three dots, an exclamation mark.
    pub(crate) fn sign(self) -> &'static str {
        match self {
            Self::Done => "M6.5 12.5l3.7 3.7 7.3-8",
            Self::Quiet => "M7 12h.01M12 12h.01M17 12h.01",
            Self::Bad => "M12 6.5v6.5M12 17h.01",
        }
    }
}

/// What links to the connections page say.
pub(crate) const CONNECTIONS: &str = "Your connections";

/// A page that says something, and leads on.
#[derive(Template)]
#[template(path = "message.html")]
pub(crate) struct Message<'a> {
    pub(crate) shell: Shell<'a>,
    pub(crate) tone: Tone,
    pub(crate) title: &'a str,
    /// What happened.
    pub(crate) what: Vec<String>,
    /// What to do.
    pub(crate) todo: Option<String>,
    /// Whether the same address may be asked again.
    pub(crate) again: bool,
    /// What the link to the connections page says.
    pub(crate) onward: &'a str,
}

/// Renders a page.
pub(crate) fn show(status: StatusCode, page: &impl Template) -> Response {
    match page.render() {
        Ok(html) => {
            let html_type = HeaderValue::from_static("text/html; charset=utf-8");
            (status, [(CONTENT_TYPE, html_type)], html).into_response()
        }
        Err(error) => {
            tracing::error!(%error, "a page could not be rendered");
            let text = "This page could not be made. Reload it.\n";
            (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
        }
    }
}

/// An answer for a script.
pub(crate) fn json(value: &Value) -> Response {
    let json_type = HeaderValue::from_static("application/json");
    ([(CONTENT_TYPE, json_type)], value.to_string()).into_response()
}
