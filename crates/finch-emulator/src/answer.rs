//! What goes back to the caller.

use hyper::{
    Response, StatusCode,
    body::Bytes,
    header::{self, HeaderName, HeaderValue},
};
use serde::Serialize;

/// An answer with its whole body.
pub(crate) type Answer = Response<Bytes>;

/// What Finch calls the id of a call.
pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("finch-request-id");

pub(crate) const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");
pub(crate) const HTML: HeaderValue = HeaderValue::from_static("text/html; charset=utf-8");
pub(crate) const TEXT: HeaderValue = HeaderValue::from_static("text/plain; charset=utf-8");

pub(crate) fn json(status: StatusCode, value: &impl Serialize) -> Answer {
    // Our own types with string keys: they serialize.
    let body = serde_json::to_vec(value).unwrap_or_default();
    with_type(status, JSON, body.into())
}

pub(crate) fn ok(value: &impl Serialize) -> Answer {
    json(StatusCode::OK, value)
}

pub(crate) fn with_type(status: StatusCode, content_type: HeaderValue, body: Bytes) -> Answer {
    let mut answer = Response::new(body);
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, content_type);
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}
