//! What every answer of Payday's own says to browsers, and whose forms it takes.

use axum::{
    extract::Request,
    http::{
        HeaderMap, HeaderValue, Method, StatusCode,
        header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS},
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

const HEADERS: [(axum::http::HeaderName, &str); 4] = [
    (CACHE_CONTROL, "no-store"),
    (REFERRER_POLICY, "no-referrer"),
    (X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'unsafe-inline'; form-action 'self'; base-uri 'none'; \
         frame-ancestors 'none'",
    ),
];

/// The layer around Payday's own pages; those of finch-web have their own.
pub(crate) async fn add(request: Request, next: Next) -> Response {
    let mut response = if *request.method() == Method::POST && is_elsewheres(request.headers()) {
        (StatusCode::FORBIDDEN, "Sign in on Payday's own page.").into_response()
    } else {
        next.run(request).await
    };
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Whether another site makes a browser send this: it must not sign a person in as another company.
fn is_elsewheres(headers: &HeaderMap) -> bool {
    headers.get("sec-fetch-site").is_some_and(|site| site != "same-origin" && site != "none")
}
