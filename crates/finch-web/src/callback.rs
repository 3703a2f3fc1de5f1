//! The way back from Finch Connect.

use axum::{
    http::{Method, Uri, header::SET_COOKIE},
    response::{IntoResponse as _, Response},
};
use finch_app::{AuthorizationCode, CompleteConnectError, CompletedConnect, State, TokenState};

use crate::{
    app::App,
    attempt_cookies,
    form::Fields,
    problem::Problem,
    visit::{Change, SignedIn, Visit},
    words,
};

/// `GET /callback`: Finch's page has sent the browser back.
pub(crate) async fn by_browser<C>(
    SignedIn(visit, ..): SignedIn<C>,
    method: Method,
    uri: Uri,
) -> Result<Response, Problem> {
    // A request that only checks that the page exists completes nothing.
    if method == Method::HEAD {
        return visit.app.redirect(visit.app.options.address.page());
    }
    let fields = Fields::of_query(uri.query());
    match (fields.one("error")?, fields.one("state")?, fields.one("code")?) {
        (None, None, Some(code)) => without_state(&visit, AuthorizationCode::new(code)).await,
        _ => complete(&visit, &fields).await,
    }
}

/// `POST /callback`: Finch's JavaScript has given code and state to the host's page.
pub(crate) async fn by_script<C>(
    Change(visit, fields, ..): Change<C>,
) -> Result<Response, Problem> {
    complete(&visit, &fields).await
}

async fn complete(
    Visit { app, customer, .. }: &Visit,
    fields: &Fields,
) -> Result<Response, Problem> {
    if let Some(error) = fields.one("error")? {
        // The person has said no, which is no error. The state leaves the address bar: it is good for more.
        return match error {
            "access_denied" => app.redirect(&format!("{}?done=denied", app.options.address.page())),
            _ => Err(Problem::connect_failed()),
        };
    }
    let (Some(state), Some(code)) = (fields.one("state")?, fields.one("code")?) else {
        return Err(Problem::incomplete_return());
    };
    let (state, code) = (State::new(state), AuthorizationCode::new(code));
    connected(app, &app.finch.complete_connect(&customer.scope(), state, code).await?)
}

/// A callback without `state`, as Finch may send it in the redirect flow: it completes the attempt that this
/// browser has begun.
async fn without_state(visit: &Visit, code: AuthorizationCode) -> Result<Response, Problem> {
    use CompleteConnectError as E;
    let Visit { app, customer, headers, .. } = visit;
    let (address, scope) = (&app.options.address, customer.scope());
    let mut newest = None;
    for kept in attempt_cookies::candidates(headers, address, &code) {
        let (state, again) = (kept.state(), code.clone());
        let completed = app.finch.complete_connect_without_state(&scope, state, again).await;
        let answer = match completed {
            Ok(completed) => connected(app, &completed),
            // Nothing was sent: it is another tab's, or another customer's in this browser, or too old.
            Err(error @ (E::UnknownState | E::StateUsed | E::Expired)) => {
                newest.get_or_insert(error);
                continue;
            }
            Err(error) => Err(error.into()),
        };
        let mut response = answer.into_response();
        if let Some(cookie) = kept.used_with(&code, address) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        return Ok(response);
    }
    Err(newest.map_or_else(Problem::no_attempt, Problem::from))
}

/// Once it is done the browser is redirected, so that the code leaves its address bar.
fn connected(app: &App, completed: &CompletedConnect) -> Result<Response, Problem> {
    let done = match completed.token_state {
        TokenState::Active => "connected",
        TokenState::Unverified => "checking",
        _ => "ended",
    };
    let (page, id) = (app.options.address.page(), words::segment(&completed.connection_id));
    app.redirect(&format!("{page}?done={done}&connection={id}"))
}
