//! How Connect ends: back at the application, in the page that embeds it, or nowhere.

use askama::Template;
use hyper::{
    StatusCode,
    header::{HeaderValue, LOCATION, REFERRER_POLICY},
};
use url::Url;

use super::entry::Entry;
use crate::{
    answer::{self, Answer, TEXT},
    page::{Rules, page},
    refusal::Refusal,
    world::{Session, SessionGone},
};

/// What Finch's Connect SDK calls a sign-in that failed.
const FAILED: &str = "employer_connection_error";

#[derive(Template)]
#[template(path = "connect/ending.html")]
struct Ending<'a> {
    title: &'a str,
    text: &'a str,
    code: Option<&'a str>,
    state: Option<&'a str>,
    told: Option<Told<'a>>,
}

/// What the page that embeds Connect is told.
struct Told<'a> {
    host: &'a str,
    kind: &'static str,
    error: Option<&'static str>,
}

impl Entry {
    pub(super) fn connected(&self, session: &Session, code: &str) -> Answer {
        match &session.redirect_uri {
            Some(uri) => self.redirect(uri, &[("code", code)]),
            None => self.told(
                session,
                Ending {
                    title: "Connected",
                    text: "Hand this back to the application. If it shows Connect in a page of \
                           its own, it has been told already.",
                    code: Some(code),
                    state: self.state.as_deref(),
                    told: self.tells("success", None),
                },
            ),
        }
    }

    /// The session stays open: its link can be used again. Finch documents that there is an error
    /// in the redirect, and no parameter; OAuth's is a guess.
    pub(super) fn cancelled(&self, session: &Session) -> Answer {
        match &session.redirect_uri {
            Some(uri) => self.redirect(uri, &[("error", "access_denied")]),
            None => self.told(
                session,
                Ending {
                    title: "Cancelled",
                    text: "Nothing was connected. The link can be used again.",
                    code: None,
                    state: None,
                    told: self.tells("closed", None),
                },
            ),
        }
    }

    /// The session stays open, too. In the redirect, the name of the error is a guess.
    pub(super) fn failed(&self, session: &Session) -> Answer {
        match &session.redirect_uri {
            Some(uri) => self.redirect(uri, &[("error", FAILED)]),
            None => self.told(
                session,
                Ending {
                    title: "Sign-in failed",
                    text: "The provider did not let this person in, and nothing was connected.",
                    code: None,
                    state: None,
                    told: self.tells("error", Some(FAILED)),
                },
            ),
        }
    }

    fn tells(&self, kind: &'static str, error: Option<&'static str>) -> Option<Told<'_>> {
        self.host.as_deref().map(|host| Told { host, kind, error })
    }

    fn told(&self, session: &Session, ending: Ending<'_>) -> Answer {
        let rules = Rules { has_script: ending.told.is_some(), ..self.rules(session) };
        page(StatusCode::OK, &ending, &rules)
    }

    fn redirect(&self, uri: &str, parameters: &[(&str, &str)]) -> Answer {
        // The session was made with a URL that can be parsed.
        let Ok(mut url) = Url::parse(uri) else {
            return Refusal::typical(StatusCode::INTERNAL_SERVER_ERROR).into_answer();
        };
        url.query_pairs_mut()
            .extend_pairs(parameters)
            .extend_pairs(self.state.as_ref().map(|state| ("state", state)));
        let mut answer = answer::with_type(StatusCode::SEE_OTHER, TEXT, "See Other".into());
        if let Ok(location) = HeaderValue::from_str(url.as_str()) {
            answer.headers_mut().insert(LOCATION, location);
        }
        let policy = HeaderValue::from_static("no-referrer");
        answer.headers_mut().insert(REFERRER_POLICY, policy);
        answer
    }
}

/// A session that nobody can sign in with.
pub(super) fn leads_nowhere(id: &str, gone: SessionGone) -> Answer {
    let (status, title, text) = match gone {
        SessionGone::Unknown if id.is_empty() => (
            StatusCode::BAD_REQUEST,
            "No session",
            "This address lacks its session. Open the connect_url as Finch gave it.",
        ),
        SessionGone::Unknown => (
            StatusCode::NOT_FOUND,
            "Unknown session",
            "There is no such session. Ask the application for a new link.",
        ),
        SessionGone::Expired => (
            StatusCode::GONE,
            "Session expired",
            "This session has expired. Ask the application for a new link.",
        ),
        SessionGone::Used => (
            StatusCode::GONE,
            "Session already used",
            "This session has already been used to connect. Ask the application for a new link.",
        ),
        SessionGone::Disconnected => (
            StatusCode::GONE,
            "Connection disconnected",
            "The connection that this session renews has been disconnected. \
             Ask the application for a new link.",
        ),
    };
    nowhere(status, title, text)
}

fn nowhere(status: StatusCode, title: &str, text: &str) -> Answer {
    let ending = Ending { title, text, code: None, state: None, told: None };
    page(status, &ending, &Rules { keeps_its_address: true, ..Rules::default() })
}
