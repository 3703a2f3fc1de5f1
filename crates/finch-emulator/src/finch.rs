//! Finch's endpoints: each reads its request, asks the world, and answers in Finch's format.

mod auth_token;
mod disconnect;
mod introspect;
mod providers;
mod sandbox;
mod sessions;

use std::sync::LazyLock;

use hyper::Method;

pub(crate) use auth_token::code;

use crate::{
    FinchError, connect,
    http::{ApiError, Request, Response, Route, Router},
    world::{Connection, Token, World},
};

type Handler = fn(&mut World, &Request) -> Result<Response, ApiError>;

pub(crate) static ENDPOINTS: [Route<Handler>; 12] = [
    (Method::POST, "/auth/token", auth_token::exchange),
    (Method::GET, "/introspect", introspect::introspect),
    (Method::POST, "/disconnect", disconnect::disconnect),
    (Method::POST, "/disconnect-entity", disconnect::disconnect_entity),
    (Method::POST, "/connect/sessions", sessions::create),
    (Method::POST, "/connect/sessions/reauthenticate", sessions::reauthenticate),
    (Method::GET, "/providers", providers::list),
    (Method::POST, "/sandbox/connections", sandbox::create_connection),
    (Method::POST, "/sandbox/connections/accounts", sandbox::create_account),
    (Method::PUT, "/sandbox/connections/accounts", sandbox::update_account),
    (Method::GET, "/authorize", connect::form),
    (Method::POST, "/authorize", connect::submit),
];

static ROUTER: LazyLock<Router<Handler>> = LazyLock::new(|| Router::new(&ENDPOINTS));

/// The position of a request's endpoint in [`ENDPOINTS`].
pub(crate) fn endpoint(request: &Request) -> Option<usize> {
    ROUTER.find(request).map(|(position, _)| position)
}

/// Answers a request, which takes effect in full or not at all.
pub(crate) fn respond(world: &mut World, request: &Request) -> Response {
    let response = match ROUTER.find(request) {
        Some((_, handler)) => handler(world, request),
        // Finch shows which paths and methods exist only to a caller that authenticates.
        None => authenticate(world, request).and_then(|()| Err(ROUTER.unrouted(request))),
    };
    response.unwrap_or_else(Response::from)
}

/// Accepts a live access token, or the application's client id and secret.
fn authenticate(world: &World, request: &Request) -> Result<(), ApiError> {
    match request.basic() {
        Some(_) => require_client(world, request),
        None => live(world, request).map(drop),
    }
}

/// The live token of `Authorization: Bearer`, and its connection.
fn live<'a>(world: &'a World, request: &Request) -> Result<(&'a Token, &'a Connection), ApiError> {
    // Finch does not tell unknown tokens from revoked ones.
    Ok(world.live(request.bearer()?).ok_or(FinchError::InvalidToken)?)
}

/// Refuses a request without the application's `Authorization: Basic`.
fn require_client(world: &World, request: &Request) -> Result<(), ApiError> {
    match request.basic() {
        Some((id, secret))
            if id == world.config.client_id && secret == world.config.client_secret =>
        {
            Ok(())
        }
        _ => Err(ApiError::unknown_client()),
    }
}
