//! The way back from Finch Connect.

use axum::{
    extract::Request,
    http::{HeaderMap, Method, header::SET_COOKIE},
};
use finch_app::{AuthorizationCode, CompleteConnectError, CompletedConnect, State, TokenState};

use crate::{
    Customer, News, Rescued,
    app::{Answered, App, Change},
    attempt_cookies,
    form::Fields,
    problem::Problem,
    stop::Stop,
    words,
};

/// `GET /callback`: Finch's page has sent the browser back.
pub(crate) async fn by_browser(app: &App, request: Request) -> Answered {
    let (parts, _) = request.into_parts();
    let customer = app.customer(&parts).await?;
    // A request that only checks that the page exists completes nothing.
    if parts.method == Method::HEAD {
        return app.lead_to(app.options().place.page());
    }
    let fields = Fields::of_query(parts.uri.query());
    if fields.one("error")?.is_none()
        && fields.one("state")?.is_none()
        && let Some(code) = fields.one("code")?
    {
        let code = AuthorizationCode::new(code);
        return without_state(app, customer, code, &parts.headers).await;
    }
    complete(app, customer, &fields).await
}

/// `POST /callback`: Finch's JavaScript has given code and state to the host's page.
pub(crate) async fn by_script(app: &App, request: Request) -> Answered {
    let Change { customer, fields, .. } = app.change(request).await?;
    complete(app, customer, &fields).await.map_err(Stop::of_a_form)
}

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
    let task = exchange(app.clone(), customer, Callback::WithState(state), code);
    let completed = app.to_the_end(task).await?.map_err(Problem::from)?;
    connected(app, &completed)
}

/// A callback without `state`, as Finch may send it in the redirect flow: it completes the attempt that this
/// browser has begun.
async fn without_state(
    app: &App,
    customer: Customer,
    code: AuthorizationCode,
    headers: &HeaderMap,
) -> Answered {
    let place = &app.options().place;
    let mut newest = None;
    for kept in attempt_cookies::candidates(headers, place, &code) {
        let callback = Callback::WithoutState(kept.state());
        let task = exchange(app.clone(), customer.clone(), callback, code.clone());
        let answered = match app.to_the_end(task).await? {
            Ok(completed) => connected(app, &completed),
            // It is another tab's, or another customer's who used this browser, or too old.
            Err(Unfinished::NotThisAttempt(error)) => {
                newest.get_or_insert(error);
                continue;
            }
            Err(unfinished) => Err(Problem::from(unfinished).into()),
        };
        let mut response = app.answer(answered);
        if let Some(cookie) = kept.used_with(&code, place) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        return Ok(response);
    }
    Err(newest.as_ref().map_or_else(Problem::no_attempt, Problem::from).into())
}

/// Once it is done the browser is sent on, so that the code leaves its address bar.
fn connected(app: &App, completed: &CompletedConnect) -> Answered {
    let done = match completed.token_state {
        TokenState::Active => "connected",
        TokenState::Unverified => "checking",
        _ => "ended",
    };
    let (page, id) = (app.options().place.page(), words::segment(&completed.connection_id));
    app.lead_to(&format!("{page}?done={done}&connection={id}"))
}

/// How a callback names its attempt.
enum Callback {
    /// By the state that came back with the code.
    WithState(State),
    /// By a state that this browser has kept.
    WithoutState(State),
}

/// Why an exchange did not end with a connection.
enum Unfinished {
    /// The store took no token. `kept`: the host has it.
    NotStored {
        kept: bool,
    },
    /// The code was not sent: the attempt is not this customer's, used with another code, or expired.
    NotThisAttempt(CompleteConnectError),
    Failed(CompleteConnectError),
}

impl From<Unfinished> for Problem {
    fn from(unfinished: Unfinished) -> Self {
        match unfinished {
            Unfinished::NotStored { kept } => Self::not_stored(kept),
            Unfinished::NotThisAttempt(error) | Unfinished::Failed(error) => Self::from(&error),
        }
    }
}

/// Exchanges the code, and tells the host. It must come to its end even if the browser goes away: an error
/// may hold the only copy of a token.
async fn exchange(
    app: App,
    customer: Customer,
    callback: Callback,
    code: AuthorizationCode,
) -> Result<CompletedConnect, Unfinished> {
    use CompleteConnectError as E;
    let (finch, scope) = (app.finch(), customer.scope());
    let completed = match callback {
        Callback::WithState(state) => finch.complete_connect(&scope, state, code).await,
        Callback::WithoutState(kept) => {
            finch.complete_connect_without_state(&scope, kept, code).await
        }
    };
    match completed {
        Ok(completed) => {
            // A repetition shows the present state, and the host learns of live tokens only.
            if completed.token_state.is_live() {
                app.host().told(News::Connected(completed.clone())).await;
            }
            Ok(completed)
        }
        Err(E::NotStored { grant, exchange, source, .. }) => {
            tracing::error!(error = %source, "a token could not be stored: the host is asked to keep it");
            let (connection_id, token) = (Some(grant.facts.connection_id), grant.secret);
            rescue(&app, Rescued { customer: customer.id, connection_id, token, exchange }).await
        }
        Err(E::Unplaced { token, exchange, source, .. }) => {
            tracing::error!(error = %source, "a token names no connection: the host is asked to keep it");
            let connection_id = None;
            rescue(&app, Rescued { customer: customer.id, connection_id, token, exchange }).await
        }
        Err(error @ (E::UnknownState | E::StateUsed | E::Expired)) => {
            Err(Unfinished::NotThisAttempt(error))
        }
        Err(error) => Err(Unfinished::Failed(error)),
    }
}

/// Gives the host a token that is not in the store.
async fn rescue(app: &App, rescued: Rescued) -> Result<CompletedConnect, Unfinished> {
    let kept = app.host().rescue(rescued).await;
    if let Err(error) = &kept {
        tracing::error!(%error, "the host could not keep a token that is live and billed");
    }
    Err(Unfinished::NotStored { kept: kept.is_ok() })
}
