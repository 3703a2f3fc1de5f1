//! The one style sheet, under a name that changes with it.

use aws_lc_rs::digest;
use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

use crate::cookie::hex;

const CSS: &str = include_str!("../assets/style.css");

/// Such as `/style-0123456789abcdef.css`.
pub(crate) fn path() -> String {
    let hash = digest::digest(&digest::SHA256, CSS.as_bytes());
    format!("/style-{}.css", hex(&hash.as_ref()[..8]))
}

/// `GET /style-….css`
pub(crate) async fn show() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, CSS).into_response()
}
