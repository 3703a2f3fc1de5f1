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
    payday::Payday,
    sign_in::{COMPANIES, Company},
};

#[derive(Template)]
#[template(path = "home.html")]
struct Page<'a> {
    company: Option<&'a Company>,
    companies: &'a [Company],
    pages: &'a str,
    notices: Vec<String>,
    finch: &'a str,
}

pub(crate) fn router() -> Router<Payday> {
    Router::new().route("/", get(show))
}

async fn show(State(payday): State<Payday>, headers: HeaderMap) -> Response {
    let company = payday.sessions.of(&headers);
    let page = Page {
        company,
        companies: &COMPANIES,
        pages: crate::PAGES,
        notices: company.map(|company| payday.notices.of(company.id)).unwrap_or_default(),
        finch: payday.emulator.url(),
    };
    match page.render() {
        Ok(page) => Html(page).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}
