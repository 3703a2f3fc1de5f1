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

/// Marks an answer that the host has made: its policy is the host's.
#[derive(Clone, Copy)]
pub(crate) struct HostsOwn;

/// What every answer carries, the host's own too.
const COMMON: [(HeaderName, &str); 2] =
    [(CACHE_CONTROL, "no-store"), (REFERRER_POLICY, "no-referrer")];
/// What every page carries beside its policy.
const OURS: [(HeaderName, &str); 4] = [
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (X_FRAME_OPTIONS, "DENY"),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Puts the app into the request, turns a [`Problem`] into its page, and adds the headers. A header that an
/// answer has stays.
pub(crate) async fn around(State(app): State<App>, mut request: Request, next: Next) -> Response {
    let is_form = !request.method().is_safe();
    request.extensions_mut().insert(app.clone());
    let mut response = next.run(request).await;
    if let Some(problem) = response.extensions_mut().remove::<Problem>() {
        let mut page = problem.page(&app.options, is_form);
        // Cookies, and the methods that are allowed.
        page.headers_mut().extend(std::mem::take(response.headers_mut()));
        response = page;
    }
    let is_hosts_own = response.extensions().get::<HostsOwn>().is_some();
    let headers = response.headers_mut();
    let ours = OURS.into_iter().filter(|_| !is_hosts_own);
    for (name, value) in COMMON.into_iter().chain(ours) {
        headers.entry(name).or_insert(HeaderValue::from_static(value));
    }
    if !is_hosts_own {
        headers.entry(CONTENT_SECURITY_POLICY).or_insert_with(|| policy(&app));
    }
    response
}

/// The policy of every page: styles and pictures of our own. Forms lead here, to Finch Connect, or, with a stand-in for
/// Finch, to its origin. Browsers hold `form-action` against the redirect that follows a form, too.
fn policy(app: &App) -> HeaderValue {
    let forms: String = app.connect_origins().map(|origin| format!(" {origin}")).collect();
    let policy = format!(
        "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'{forms}; \
         base-uri 'none'; frame-ancestors 'none'"
    );
    // An origin is made of characters that a header may hold.
    HeaderValue::from_str(&policy).unwrap_or(HeaderValue::from_static("default-src 'none'"))
}
