//! The way to Finch Connect: for a new connection, or to renew one.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, StatusCode,
        header::{LOCATION, SET_COOKIE},
    },
    response::{IntoResponse, Response},
};
use finch_app::{
    BeginConnectError, BegunConnect, ConnectRequest, ConnectionId, ConnectionState, CustomerScope,
    Flow, StoreError, Timestamp,
};
use serde::Serialize;

use crate::{
    ConnectFlow, Customer, News,
    app::{Answered, App, Change},
    attempt_cookies,
    connections::set_cookie,
    guard::Guard,
    page::json,
    problem::Problem,
    router,
};

/// What Finch's JavaScript needs to open. It is for the page of the host's that has asked, in this
/// customer's session, and for nobody else: whoever has it can complete the session.
#[derive(Serialize)]
struct Opening<'a> {
    session_id: &'a str,
    connect_url: &'a str,
    state: &'a str,
    expires_at: Timestamp,
}

/// What a script sends along with a change.
#[derive(Serialize)]
struct CsrfToken<'a> {
    csrf_token: &'a str,
}

/// `GET /form`: the CSRF token of this customer's forms, for the host's own scripts. Other sites cannot read
/// the answer.
pub(crate) async fn form(app: &App, request: Request) -> Answered {
    let (parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    let guard = Guard::of_or_fresh(&parts.headers, &app.options().place)?;
    let mut response = json(&CsrfToken { csrf_token: &guard.csrf_token(&customer.id) });
    set_cookie(app, &guard, &mut response);
    Ok(response)
}

/// `POST /connect`
pub(crate) async fn begin(app: &App, request: Request) -> Answered {
    let Change { customer, headers, .. } = app.change(request).await?;
    let mut asked = asked(app, &customer);
    asked.products.clone_from(&app.options().products);
    let begun = app.finch().begin_connect(&customer.scope(), asked).await?;
    Ok(lead_on(app, &begun, &headers))
}

/// `POST /connections/{id}/reauthenticate`
pub(crate) async fn begin_again(app: &App, request: Request) -> Answered {
    let (mut parts, body) = request.into_parts();
    let id = router::connection(&mut parts).await;
    let Change { customer, headers, .. } = app.change(Request::from_parts(parts, body)).await?;
    let (id, scope, asked) = (id?, customer.scope(), asked(app, &customer));
    let had_ended = has_ended(app, &scope, &id).await?;
    let begun = app.finch().begin_reauthenticate(&scope, &id, asked).await;
    if matches!(begun, Err(BeginConnectError::Ended)) && !had_ended {
        // Finch has said so just now, unless it was another tab that asked.
        if has_ended(app, &scope, &id).await? {
            let (customer, connection_id) = (customer.id, id);
            app.host().told(News::EndedAtFinch { customer, connection_id }).await;
        }
    }
    Ok(lead_on(app, &begun?, &headers))
}

async fn has_ended(
    app: &App,
    scope: &CustomerScope,
    id: &ConnectionId,
) -> Result<bool, StoreError> {
    let view = app.finch().connection(scope, id).await?;
    Ok(view.is_some_and(|view| view.state == ConnectionState::Disconnected))
}

/// What every attempt of this customer's asks for; no products: as before.
fn asked(app: &App, customer: &Customer) -> ConnectRequest {
    let options = app.options();
    let flow = match options.flow {
        ConnectFlow::Redirect => Flow::Redirect(options.redirect_uri().clone()),
        ConnectFlow::Embedded { .. } => Flow::Embedded,
    };
    // Finch takes so many, and at least one.
    let name: String = customer.shown().chars().take(255).collect();
    let mut asked = ConnectRequest::new(name, Vec::new(), flow);
    asked.customer_email.clone_from(&customer.email);
    asked.sandbox.clone_from(&options.sandbox);
    asked
}

/// To Finch's page; in the embedded flow what the host's page opens it with.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: this browser is to open the session")]
fn lead_on(app: &App, begun: &BegunConnect, headers: &HeaderMap) -> Response {
    match app.options().flow {
        ConnectFlow::Redirect => match HeaderValue::from_str(begun.connect_url.expose()) {
            Ok(mut to) => {
                to.set_sensitive(true);
                let mut response = (StatusCode::SEE_OTHER, [(LOCATION, to)]).into_response();
                // Finch may send the browser back without the state.
                let kept = attempt_cookies::keep(headers, &app.options().place, &begun.state);
                if let Some(cookie) = kept {
                    response.headers_mut().append(SET_COOKIE, cookie);
                }
                response
            }
            Err(_) => app.answer(Err(Problem::connect_failed().into())),
        },
        ConnectFlow::Embedded { .. } => json(&Opening {
            session_id: begun.session_id.as_str(),
            connect_url: begun.connect_url.expose(),
            state: begun.state.expose(),
            expires_at: begun.expires_at,
        }),
    }
}
