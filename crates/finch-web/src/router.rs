//! The routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::{FromRequestParts, RawPathParams, Request, State},
    http::request::Parts,
    middleware,
    response::Response,
    routing::{get, post},
};
use finch_app::{ConnectionId, Finch};

use crate::{
    Host, Options,
    app::{Answered, App},
    callback, connect, connections, disconnect, headers,
    problem::Problem,
    style,
};

/// The pages, to be mounted at the path of their public address with
/// [`nest_service`](Router::nest_service), or, where that is the root, with
/// [`fallback_service`](Router::fallback_service). Layers of the host's apply as to any other router.
pub fn router<S>(finch: Finch, host: Arc<dyn Host>, options: Options) -> Router<S>
where
    S: Clone + Send + Sync + 'static,
{
    let app = App::new(finch, host, options);
    let pages = Router::new()
        .route("/", get(connections_page))
        .route("/form", get(form))
        .route("/connect", post(connect))
        .route("/callback", get(callback).post(callback_by_script))
        .route("/connections/{finch_connection}/disconnect", get(preview).post(confirm))
        .route("/connections/{finch_connection}/reauthenticate", post(reauthenticate))
        .route(&style::path(), get(style::show));
    with_webhook(pages, &app)
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed)
        .layer(middleware::from_fn_with_state(app.clone(), headers::add))
        .with_state(app)
}

#[cfg(feature = "webhooks")]
fn with_webhook(pages: Router<App>, app: &App) -> Router<App> {
    let Some(webhooks) = app.options().webhooks.clone() else { return pages };
    let take = async |State(app): State<App>, request: Request| {
        crate::webhook::take(app, webhooks, request).await
    };
    pages.route("/webhook", post(take))
}

#[cfg(not(feature = "webhooks"))]
fn with_webhook(pages: Router<App>, _: &App) -> Router<App> {
    pages
}

macro_rules! pages {
    ($($(#[$doc:meta])* $name:ident = $page:path;)*) => {$(
        $(#[$doc])*
        async fn $name(State(app): State<App>, request: Request) -> Response {
            app.answer($page(&app, request).await)
        }
    )*};
}

pages! {
    /// `GET /`
    connections_page = connections::show;
    /// `GET /form`
    form = connect::form;
    /// `POST /connect`
    connect = connect::begin;
    /// `GET /callback`
    callback = callback::by_browser;
    /// `POST /callback`
    callback_by_script = callback::by_script;
    /// `GET /connections/{id}/disconnect`
    preview = disconnect::preview;
    /// `POST /connections/{id}/disconnect`
    confirm = disconnect::confirm;
    /// `POST /connections/{id}/reauthenticate`
    reauthenticate = connect::begin_again;
    not_found = nowhere;
    method_not_allowed = no_method;
}

async fn nowhere(_: &App, _: Request) -> Answered {
    Err(Problem::not_found().into())
}

async fn no_method(_: &App, _: Request) -> Answered {
    Err(Problem::method_not_allowed().into())
}

/// The connection that a path names. What is no id names nothing.
pub(crate) async fn connection(parts: &mut Parts) -> Result<ConnectionId, Problem> {
    let parameters = RawPathParams::from_request_parts(parts, &()).await;
    let parameters = parameters.map_err(|_| Problem::not_found())?;
    let named = parameters.iter().find(|(name, _)| *name == "finch_connection");
    named.and_then(|(_, id)| id.parse().ok()).ok_or_else(Problem::not_found)
}
