//! Payday's own sign-in: two customers, a cookie, and no password.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{
        HeaderMap,
        header::{COOKIE, SET_COOKIE},
    },
    response::{AppendHeaders, IntoResponse, Redirect, Response},
    routing::post,
};

use crate::payday::Payday;

/// A customer of Payday's.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

impl Company {
    /// Decoration: the first letter of its name.
    pub(crate) fn letter(&self) -> &'static str {
        self.name.get(..1).unwrap_or_default()
    }
}

pub(crate) const COMPANIES: [Company; 2] = [
    Company { id: "acme-bakery", name: "Acme Bakery" },
    Company { id: "bolt-logistics", name: "Bolt Logistics" },
];

const COOKIE_NAME: &str = "payday";

/// How many browsers may be signed in; then the oldest sign-in ends.
const SESSIONS: usize = 1000;

/// The companies that have signed in, the newest first.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<VecDeque<(String, &'static Company)>>>);

impl Sessions {
    /// The company that makes a request.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<&'static Company> {
        let (id, sessions) = (id(headers)?, self.0.lock().unwrap_or_else(PoisonError::into_inner));
        sessions.iter().find(|(known, _)| *known == id).map(|(_, company)| *company)
    }

    fn open(&self, company: &'static Company) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.push_front((id.clone(), company));
        sessions.truncate(SESSIONS);
        Some(id)
    }

    fn close(&self, headers: &HeaderMap) {
        if let Some(id) = id(headers) {
            let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            sessions.retain(|(known, _)| *known != id);
        }
    }
}

/// The session that a browser names.
fn id(headers: &HeaderMap) -> Option<String> {
    let cookies = String::from_utf8_lossy(headers.get(COOKIE)?.as_bytes());
    let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
    let (_, id) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
    Some(id.to_owned())
}

pub(crate) fn router() -> Router<Payday> {
    Router::new().route("/sign-in", post(sign_in)).route("/sign-out", post(sign_out))
}

async fn sign_in(State(payday): State<Payday>, form: Bytes) -> Response {
    let mut fields = url::form_urlencoded::parse(&form);
    let asked = fields.find(|(name, _)| name == "company").map(|(_, id)| id);
    let company = COMPANIES.iter().find(|company| asked.as_deref() == Some(company.id));
    let Some(session) = company.and_then(|company| payday.sessions.open(company)) else {
        return Redirect::to("/").into_response();
    };
    leading_home(format!("{COOKIE_NAME}={session}; Path=/; HttpOnly; SameSite=Lax"))
}

async fn sign_out(State(payday): State<Payday>, headers: HeaderMap) -> Response {
    payday.sessions.close(&headers);
    leading_home(format!("{COOKIE_NAME}=; Path=/; Max-Age=0"))
}

fn leading_home(cookie: String) -> Response {
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/")).into_response()
}
