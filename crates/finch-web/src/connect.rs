//! The way to Finch Connect: for a new connection, or to renew one.

use axum::{
    http::{
        HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{IntoResponse as _, Response},
};
use finch_app::{BegunConnect, ConnectRequest, Flow, Product};
use finch_core::Origin;
use serde_json::json;

use crate::{
    ConnectFlow,
    app::{App, Named},
    attempt_cookies, page,
    problem::Problem,
    visit::{Change, SignedIn, Visit},
};

/// `GET /form`: the CSRF token of this customer's forms, for the host's own scripts. Other sites cannot read
/// the answer.
pub(crate) async fn csrf_token<C>(SignedIn(visit, ..): SignedIn<C>) -> Response {
    visit.keep_csrf(page::json(&json!({ "csrf_token": visit.csrf_token() })))
}

/// `POST /connect`
pub(crate) async fn begin<C>(Change(visit, ..): Change<C>) -> Result<Response, Problem> {
    let request = request(&visit, visit.app.options.products.clone());
    let begun = visit.app.finch.begin_connect(&visit.customer.scope(), request).await?;
    open(&visit, &begun)
}

/// `POST /connections/{id}/reauthenticate`
pub(crate) async fn renew<C>(
    Named(id): Named,
    Change(visit, ..): Change<C>,
) -> Result<Response, Problem> {
    let (scope, request) = (visit.customer.scope(), request(&visit, Vec::new()));
    let begun = visit.app.finch.begin_reauthenticate(&scope, &id, request).await?;
    open(&visit, &begun)
}

/// What an attempt of this customer's asks for; no products: as before.
fn request(Visit { app, customer, .. }: &Visit, products: Vec<Product>) -> ConnectRequest {
    let options = &app.options;
    let flow = match options.flow {
        ConnectFlow::Redirect => Flow::Redirect(options.redirect_uri().clone()),
        ConnectFlow::Embedded { .. } => Flow::Embedded,
    };
    // Finch takes so many, and at least one.
    let name: String = customer.shown().chars().take(255).collect();
    let mut request = ConnectRequest::new(name, products, flow);
    request.customer_email.clone_from(&customer.email);
    request.sandbox.clone_from(&options.sandbox);
    request
}

/// To Finch's page; in the embedded flow what Finch's JavaScript opens it with. That is for the page of the host's
/// that has asked, in this customer's session: with it anyone can complete the session.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: this browser is to open the session")]
fn open(visit: &Visit, begun: &BegunConnect) -> Result<Response, Problem> {
    let options = &visit.app.options;
    if let ConnectFlow::Embedded { .. } = options.flow {
        return Ok(page::json(&json!({
            "session_id": begun.session_id,
            "connect_url": begun.connect_url.expose(),
            "state": begun.state.expose(),
            "expires_at": begun.expires_at,
        })));
    }
    check_origin(&visit.app, begun.connect_url.expose())?;
    let to = HeaderValue::from_str(begun.connect_url.expose());
    let mut to = to.map_err(|_| Problem::connect_failed())?;
    to.set_sensitive(true);
    let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
    // Finch may send the browser back without the state.
    if let Some(cookie) = attempt_cookies::keep(&visit.headers, &options.address, &begun.state) {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    Ok(response)
}

/// The policy of our pages keeps browsers from any other origin, without a word to the person.
fn check_origin(app: &App, connect_url: &str) -> Result<(), Problem> {
    let origin = Origin::new(connect_url).map_err(|_| Problem::connect_failed())?;
    if app.connect_origins().any(|allowed| allowed == origin.as_str()) {
        return Ok(());
    }
    tracing::error!(
        %origin,
        "Finch's session leads to an origin that is neither Finch Connect's nor that of the API"
    );
    Err(Problem::not_set_up())
}
