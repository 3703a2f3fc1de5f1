//! Responses with their whole body.

use hyper::{
    StatusCode,
    body::Bytes,
    header::{CACHE_CONTROL, CONTENT_TYPE, HeaderName, HeaderValue, LOCATION},
};
use serde::Serialize;
use serde_json::json;

pub(crate) type Response = hyper::Response<Bytes>;

/// Finch's id of a request.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("finch-request-id");

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Response {
    // Our own types with string keys always serialize.
    let body = serde_json::to_vec(value).unwrap_or_default();
    typed(status, JSON, body.into())
}

pub(crate) fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

pub(crate) fn success() -> Response {
    ok(&json!({ "status": "success" }))
}

/// A 303. `location` is a serialized URL, so that it is always a valid header.
pub(crate) fn redirect(location: &str) -> Response {
    let mut response = typed(StatusCode::SEE_OTHER, TEXT, "See Other".into());
    if let Ok(location) = HeaderValue::from_str(location) {
        response.headers_mut().insert(LOCATION, location);
    }
    response
}

pub(crate) fn typed(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
