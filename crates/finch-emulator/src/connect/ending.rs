//! The end of Connect: at the application, or on a page.

use askama::Template;
use hyper::{
    StatusCode,
    header::{HeaderValue, REFERRER_POLICY},
};
use url::Url;

use super::entry::Entry;
use crate::{
    http::{ApiError, PagePolicy, Response, page, redirect},
    world::{Session, SessionError},
};

/// The word of Finch's Connect SDK for a sign-in that failed.
const FAILED: &str = "employer_connection_error";

/// How a session ends. It stays open unless the person connected.
pub(super) enum Ending<'a> {
    Connected { code: &'a str },
    Cancelled,
    Failed,
}

#[derive(Template)]
#[template(path = "connect/ending.html")]
struct EndPage<'a> {
    title: &'a str,
    text: &'a str,
    code: Option<&'a str>,
    state: Option<&'a str>,
    message: Option<Message<'a>>,
}

/// The message to the page that embeds Connect.
struct Message<'a> {
    host: &'a str,
    kind: &'static str,
    error: Option<&'static str>,
}

impl Ending<'_> {
    /// Redirects to the application, or in an embedded session shows the end.
    pub(super) fn show(&self, entry: &Entry, session: &Session) -> Response {
        if let Some(uri) = &session.redirect_uri {
            return self.redirect(uri, entry.state.as_deref());
        }
        let (title, text, kind, error) = match self {
            Self::Connected { .. } => (
                "Connected",
                "Copy this code into the application. If the application embeds Connect, it has \
                 received the code already.",
                "success",
                None,
            ),
            Self::Cancelled => {
                ("Cancelled", "Nothing was connected. The link can be used again.", "closed", None)
            }
            Self::Failed => (
                "Sign-in failed",
                "The provider refused the sign-in, and nothing was connected.",
                "error",
                Some(FAILED),
            ),
        };
        let code = match self {
            Self::Connected { code } => Some(*code),
            _ => None,
        };
        let message = entry.host.as_deref().map(|host| Message { host, kind, error });
        let policy = PagePolicy { has_script: message.is_some(), ..entry.policy(session) };
        let state = entry.state.as_deref().filter(|_| code.is_some());
        page(StatusCode::OK, &EndPage { title, text, code, state, message }, &policy)
    }

    /// Finch documents that the redirect carries an error, but not how: `error`, as in OAuth, is a guess.
    fn redirect(&self, uri: &str, state: Option<&str>) -> Response {
        // The session was created with a valid URL.
        let Ok(mut url) = Url::parse(uri) else {
            return ApiError::typical(StatusCode::INTERNAL_SERVER_ERROR).into();
        };
        let (name, value) = match self {
            Self::Connected { code } => ("code", *code),
            Self::Cancelled => ("error", "access_denied"),
            Self::Failed => ("error", FAILED),
        };
        let parameters = [(name, value)].into_iter().chain(state.map(|state| ("state", state)));
        url.query_pairs_mut().extend_pairs(parameters);
        let mut response = redirect(url.as_str());
        response.headers_mut().insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
        response
    }
}

/// A session that cannot be used.
pub(super) fn unusable(id: &str, error: SessionError) -> Response {
    let (status, title, text) = match error {
        SessionError::Unknown if id.is_empty() => (
            StatusCode::BAD_REQUEST,
            "No session",
            "This address lacks its session. Open the connect_url as Finch returned it.",
        ),
        SessionError::Unknown => (
            StatusCode::NOT_FOUND,
            "Unknown session",
            "There is no such session. Ask the application for a new link.",
        ),
        SessionError::Expired => (
            StatusCode::GONE,
            "Session expired",
            "This session has expired. Ask the application for a new link.",
        ),
        SessionError::Used => (
            StatusCode::GONE,
            "Session already used",
            "This session has already been used to connect. Ask the application for a new link.",
        ),
        SessionError::Disconnected => (
            StatusCode::GONE,
            "Connection disconnected",
            "The connection of this session has been disconnected. Ask the application for a new link.",
        ),
    };
    let end = EndPage { title, text, code: None, state: None, message: None };
    page(status, &end, &PagePolicy { no_referrer: true, ..PagePolicy::default() })
}
