//! Payday's own page.

use askama::Template;
use axum::{
    Router,
    extract::State,
    http::{HeaderMap, StatusCode},
    response::{Html, IntoResponse, Response},
    routing::get,
};

use crate::{
    notices::Notices,
    sign_in::{COMPANIES, Company, Sessions},
};

/// What Payday's own page needs.
#[derive(Clone, Debug)]
pub(crate) struct Home {
    pub(crate) sessions: Sessions,
    pub(crate) notices: Notices,
    /// Where Finch is.
    pub(crate) finch: String,
}

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    company: Option<&'a Company>,
    companies: &'a [Company],
    pages: &'a str,
    notices: Vec<String>,
    finch: &'a str,
}

pub(crate) fn router(home: Home) -> Router {
    Router::new().route("/", get(show)).with_state(home)
}

async fn show(State(home): State<Home>, headers: HeaderMap) -> Response {
    let company = home.sessions.of(&headers);
    let page = Page {
        company,
        companies: &COMPANIES,
        pages: crate::PAGES,
        notices: company.map(|company| home.notices.of(company.id)).unwrap_or_default(),
        finch: &home.finch,
    };
    match page.render() {
        Ok(page) => Html(page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
