//! The layer around all pages: what a handler finds in its request, and what every answer carries. No scripts, no
//! frames, no caches, no referrers.

use axum::{
    extract::{Request, State},
    http::{
        HeaderName, HeaderValue,
        header::{
            CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
            X_FRAME_OPTIONS,
        },
    },
    middleware::Next,
    response::Response,
};

use crate::{app::App, problem::Problem};

const COOP: HeaderName = HeaderName::from_static("cross-origin-opener-policy");
const CORP: HeaderName = HeaderName::from_static("cross-origin-resource-policy");

/// Marks an answer that the host has made: its policy is the host's.
#[derive(Clone, Copy)]
pub(crate) struct HostsOwn;

/// Puts the app into the request, turns a [`Problem`] into its page, and adds the headers. A header that an
/// answer has stays.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let is_form = !request.method().is_safe();
    request.extensions_mut().insert(app.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut page = problem.page(app.shell(), is_form);
        // Cookies, and the methods that are allowed.
        page.headers_mut().extend(std::mem::take(response.headers_mut()));
        response = page;
    }
    let is_hosts_own = response.extensions().get::<HostsOwn>().is_some();
    let common = [
        (CACHE_CONTROL, HeaderValue::from_static("no-store")),
        (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    ];
    let ours = [
        (CONTENT_SECURITY_POLICY, app.policy()),
        (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
        (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
        (COOP, HeaderValue::from_static("same-origin")),
        (CORP, HeaderValue::from_static("same-origin")),
    ];
    let ours = ours.into_iter().filter(|_| !is_hosts_own);
    for (name, value) in common.into_iter().chain(ours) {
        response.headers_mut().entry(name).or_insert(value);
    }
    response
}

/// The policy of every page: styles and pictures of our own, forms that lead here or to Finch Connect.
/// Browsers hold `form-action` against the redirect that follows a form, too.
pub(crate) fn policy(connect_origin: &str) -> HeaderValue {
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self' {connect_origin}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    // An origin is made of characters that a header may hold.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
