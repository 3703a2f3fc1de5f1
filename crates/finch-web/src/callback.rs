//! The way back from Finch Connect.

use axum::{extract::Request, http::StatusCode, response::Response};
use finch_app::{AuthorizationCode, CompleteConnectError, CompletedConnect, State, TokenState};

use crate::{
    Customer, News, Rescued,
    app::{Answered, App, Change, Scoped as _},
    form::Fields,
    page::{self, Message, Tone},
    problem::Problem,
};

/// `GET /callback`: Finch's page has sent the browser back.
pub(crate) async fn by_browser(app: &App, request: Request) -> Answered {
    let (parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    complete(app, customer, &Fields::of_query(parts.uri.query())).await
}

/// `POST /callback`: Finch's JavaScript has given code and state to the host's page.
pub(crate) async fn by_script(app: &App, request: Request) -> Answered {
    let Change { customer, fields } = app.change(request).await?;
    complete(app, customer, &fields).await
}

/// Once it is done the browser is sent on, so that the code leaves its address bar.
async fn complete(app: &App, customer: Customer, fields: &Fields) -> Answered {
    if let Some(error) = fields.one("error")? {
        return if error == "access_denied" {
            Ok(denied(app))
        } else {
            Err(Problem::connect_failed().into())
        };
    }
    let (Some(state), Some(code)) = (fields.one("state")?, fields.one("code")?) else {
        return Err(Problem::incomplete_return().into());
    };
    let (state, code) = (State::new(state), AuthorizationCode::new(code));
    let task = exchange(app.clone(), customer, state, code);
    let completed = app.to_the_end(task).await??;
    let done = match completed.token_state {
        TokenState::Active => "?done=connected",
        TokenState::Unverified | TokenState::Fenced => "?done=checking",
        _ => "",
    };
    app.lead_to(&format!("{}{done}", app.options().place.page()))
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
            app.host().told(News::Connected(completed.clone())).await;
            Ok(completed)
        }
        Err(CompleteConnectError::NotStored { grant, source, .. }) => {
            tracing::error!(error = %source, "a token could not be stored: the host is asked to keep it");
            let (connection_id, token) = (grant.facts.connection_id, grant.secret);
            let rescued = Rescued { customer: customer.id, connection_id, token };
            let kept = app.host().rescue(rescued).await;
            if let Err(error) = &kept {
                tracing::error!(%error, "the host could not keep a token that is live and billed");
            }
            Err(Problem::not_stored(kept.is_ok()))
        }
        Err(error) => Err(Problem::from(&error)),
    }
}

/// The person has said no. That is no error.
fn denied(app: &App) -> Response {
    let shell = app.shell();
    let what =
        vec!["You left Finch without connecting. Nothing was connected or changed.".to_owned()];
    let todo = Some("If that was not what you wanted, connect again.".to_owned());
    let (tone, title) = (Tone::Quiet, "Not connected");
    page::show(StatusCode::OK, &Message { shell, tone, title, what, todo, again: false })
}
