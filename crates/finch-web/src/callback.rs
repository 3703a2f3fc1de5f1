//! The way back from Finch Connect.

use axum::{extract::Request, http::Method};
use finch_app::{AuthorizationCode, CompleteConnectError, CompletedConnect, State, TokenState};

use crate::{
    Customer, News, Rescued,
    app::{Answered, App, Change},
    form::Fields,
    problem::Problem,
    stop::Stop,
};

/// `GET /callback`: Finch's page has sent the browser back.
pub(crate) async fn by_browser(app: &App, request: Request) -> Answered {
    let (parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    // Whoever only looks whether something is there completes nothing.
    if parts.method == Method::HEAD {
        return app.lead_to(app.options().place.page());
    }
    complete(app, customer, &Fields::of_query(parts.uri.query())).await
}

/// `POST /callback`: Finch's JavaScript has given code and state to the host's page.
pub(crate) async fn by_script(app: &App, request: Request) -> Answered {
    let Change { customer, fields } = app.change(request).await?;
    complete(app, customer, &fields).await.map_err(Stop::of_a_form)
}

/// Once it is done the browser is sent on, so that the code leaves its address bar.
async fn complete(app: &App, customer: Customer, fields: &Fields) -> Answered {
    if let Some(error) = fields.one("error")? {
        // The person has said no, which is no error. The state leaves the address bar: it is good for more.
        return match error {
            "access_denied" => app.lead_to(&format!("{}?done=denied", app.options().place.page())),
            _ => Err(Problem::connect_failed().into()),
        };
    }
    let (Some(state), Some(code)) = (fields.one("state")?, fields.one("code")?) else {
        return Err(Problem::incomplete_return().into());
    };
    let (state, code) = (State::new(state), AuthorizationCode::new(code));
    let task = exchange(app.clone(), customer, state, code);
    let completed = app.to_the_end(task).await??;
    let done = match completed.token_state {
        TokenState::Active => "connected",
        TokenState::Unverified => "checking",
        _ => "ended",
    };
    app.lead_to(&format!("{}?done={done}", app.options().place.page()))
}

/// Exchanges the code, and tells the host. It must come to its end even if the browser goes away: an error
/// may hold the only copy of a token.
async fn exchange(
    app: App,
    customer: Customer,
    state: State,
    code: AuthorizationCode,
) -> Result<CompletedConnect, Problem> {
    match app.finch().complete_connect(&customer.scope(), state, code).await {
        Ok(completed) => {
            // Whoever comes back to an old address hears how it is now, and the host nothing that is over.
            if completed.token_state.is_live() {
                app.host().told(News::Connected(completed.clone())).await;
            }
            Ok(completed)
        }
        Err(CompleteConnectError::NotStored { grant, exchange, source, .. }) => {
            tracing::error!(error = %source, "a token could not be stored: the host is asked to keep it");
            let (connection_id, token) = (Some(grant.facts.connection_id), grant.secret);
            rescue(&app, Rescued { customer: customer.id, connection_id, token, exchange }).await
        }
        Err(CompleteConnectError::Unplaced { token, exchange, source, .. }) => {
            tracing::error!(error = %source, "a token names no connection: the host is asked to keep it");
            let connection_id = None;
            rescue(&app, Rescued { customer: customer.id, connection_id, token, exchange }).await
        }
        Err(error) => Err(Problem::from(&error)),
    }
}

/// Gives the host a token that is not in the store.
async fn rescue(app: &App, rescued: Rescued) -> Result<CompletedConnect, Problem> {
    let kept = app.host().rescue(rescued).await;
    if let Err(error) = &kept {
        tracing::error!(%error, "the host could not keep a token that is live and billed");
    }
    Err(Problem::not_stored(kept.is_ok()))
}
