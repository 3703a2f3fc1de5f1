//! The routes.

use std::sync::Arc;

use axum::{
    Router,
    extract::FromRequestParts,
    middleware,
    response::Response,
    routing::{get, post},
};
use finch_app::Finch;

#[cfg(feature = "webhooks")]
use crate::webhook;
use crate::{
    Customer, Options, app::App, callback, connect, connections, disconnect, headers,
    problem::Problem, style,
};

/// The pages, to be mounted at the path of their public address. The host's layers apply as to any other router.
///
/// # The customer
///
/// `C` extracts the customer who makes a request: by the host's session, and never by a parameter. Its rejection is
/// the host's answer to a request without a customer, such as a redirect to the sign-in page. After a form a page
/// takes the place of a redirect, since browsers follow a form to no other site than these pages' own and Finch's:
/// it says that nothing was changed, keeps the redirect's cookies, and links to the connections page, where `C` is
/// asked again.
///
/// The address of a rejected callback holds a code: do not log it. The person may come back to it after signing in.
///
/// # Mounting
///
/// `S` is what `C` is extracted from, usually the state of the host's own router:
///
/// ```
/// # use axum::{Router, extract::FromRequestParts};
/// # use finch_web::{Customer, Options};
/// # fn mount<Account, Shop>(finch: finch_app::Finch, options: Options, shop: Shop, own: Router<Shop>) -> Router
/// # where Account: FromRequestParts<Shop> + Into<Customer> + 'static, Shop: Clone + Send + Sync + 'static {
/// let pages = finch_web::router::<Account, Shop>(finch, options).with_state(shop.clone());
/// Router::new().nest_service("/settings/payroll", pages).merge(own.with_state(shop))
/// # }
/// ```
///
/// [`nest`](Router::nest) takes the router before [`with_state`](Router::with_state), but leaves out the path with a
/// slash at its end, which [`nest_service`](Router::nest_service) serves. At the root of a host use
/// [`fallback_service`](Router::fallback_service), and not [`merge`](Router::merge): only one router can have the
/// fallback that says "not found".
pub fn router<C, S>(finch: Finch, options: Options) -> Router<S>
where
    C: FromRequestParts<S> + Into<Customer> + 'static,
    S: Clone + Send + Sync + 'static,
{
    let app = App { finch, options: Arc::new(options) };
    let pages = Router::new()
        .route("/", get(connections::show::<C>))
        .route("/form", get(connect::csrf_token::<C>))
        .route("/connect", post(connect::begin::<C>))
        .route("/callback", get(callback::by_browser::<C>).post(callback::by_script::<C>))
        .route(
            "/connections/{finch_connection}/disconnect",
            get(disconnect::preview::<C>).post(disconnect::confirm::<C>),
        )
        .route("/connections/{finch_connection}/reauthenticate", post(connect::renew::<C>))
        .route(&style::PATH, get(style::show));
    #[cfg(feature = "webhooks")]
    let pages = match app.options.webhooks {
        Some(_) => pages.route("/webhook", post(webhook::receive)),
        None => pages,
    };
    pages
        .fallback(async || Err::<Response, _>(Problem::not_found()))
        .method_not_allowed_fallback(async || Err::<Response, _>(Problem::method_not_allowed()))
        .layer(middleware::from_fn_with_state(app, headers::around))
}
