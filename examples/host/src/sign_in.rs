//! Payday's own sign-in: two customers, a cookie, and no password.

use std::{
    collections::HashMap,
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
    response::{AppendHeaders, Html, IntoResponse, Redirect, Response},
    routing::{get, post},
};

/// A customer of Payday's.
#[derive(Debug)]
pub(crate) struct Company {
    pub(crate) id: &'static str,
    pub(crate) name: &'static str,
}

const COMPANIES: [Company; 2] = [
    Company { id: "acme-bakery", name: "Acme Bakery" },
    Company { id: "bolt-logistics", name: "Bolt Logistics" },
];

const COOKIE_NAME: &str = "payday";

/// Who has signed in.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(Arc<Mutex<HashMap<String, &'static Company>>>);

impl Sessions {
    /// Who makes a request.
    pub(crate) fn of(&self, headers: &HeaderMap) -> Option<&'static Company> {
        let cookies = headers.get(COOKIE)?.to_str().ok()?;
        let mut pairs = cookies.split(';').filter_map(|pair| pair.trim().split_once('='));
        let (_, id) = pairs.find(|(name, _)| *name == COOKIE_NAME)?;
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(id).copied()
    }

    fn open(&self, company: &'static Company) -> Option<String> {
        let mut bytes = [0; 16];
        getrandom::fill(&mut bytes).ok()?;
        let id: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), company);
        Some(id)
    }
}

#[derive(Clone)]
struct Payday {
    sessions: Sessions,
    finch: Arc<str>,
}

/// Payday's own pages.
pub(crate) fn router(sessions: Sessions, finch: &str) -> Router {
    let payday = Payday { sessions, finch: finch.into() };
    Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .with_state(payday)
}

async fn home(State(payday): State<Payday>, headers: HeaderMap) -> Html<String> {
    let body = match payday.sessions.of(&headers) {
        Some(company) => format!(
            "<h1>Payday</h1><p>Signed in for <strong>{}</strong>.</p>\
             <p><a class=\"button\" href=\"{}\">Payroll connections</a></p>\
             <form method=\"post\" action=\"/sign-out\"><button class=\"plain\">Sign out</button></form>",
            company.name,
            crate::PAGES
        ),
        None => {
            let button = |company: &Company| {
                format!(
                    "<button name=\"company\" value=\"{}\">{}</button>",
                    company.id, company.name
                )
            };
            let buttons: String = COMPANIES.iter().map(button).collect();
            format!(
                "<h1>Payday</h1><p>An example of a payroll application. Sign in for:</p>\
                 <form method=\"post\" action=\"/sign-in\">{buttons}</form>"
            )
        }
    };
    let finch = &payday.finch;
    Html(format!(
        "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>Payday</title><style>{STYLE}</style><main>{body}\
         <p class=\"note\">Finch itself is played by the <a href=\"{finch}/\">emulator</a>.</p></main></html>"
    ))
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

async fn sign_out() -> Response {
    leading_home(format!("{COOKIE_NAME}=; Path=/; Max-Age=0"))
}

fn leading_home(cookie: String) -> Response {
    (AppendHeaders([(SET_COOKIE, cookie)]), Redirect::to("/")).into_response()
}

const STYLE: &str = "\
:root{color-scheme:light dark}\
body{margin:0;font:1rem/1.55 system-ui,sans-serif}\
main{max-width:26rem;margin:4rem auto;padding:0 1.25rem}\
form{display:grid;gap:.75rem}\
button,.button{display:block;padding:.7rem 1rem;border:1px solid #0c6455;border-radius:.6rem;\
background:#0c6455;color:#fff;font:inherit;font-weight:600;text-align:center;text-decoration:none}\
.plain{background:none;border-color:currentColor;color:inherit}\
.note{margin-top:2rem;opacity:.8;font-size:.9rem}";
