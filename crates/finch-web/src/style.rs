//! The one style sheet, under a name that changes with it.

use std::fmt::Write as _;

use aws_lc_rs::digest;
use axum::{
    http::{
        HeaderValue,
        header::{CACHE_CONTROL, CONTENT_TYPE},
    },
    response::{IntoResponse, Response},
};

const CSS: &str = include_str!("../assets/style.css");

/// Such as `/style-0123456789abcdef.css`.
pub(crate) fn path() -> String {
    let hash = digest::digest(&digest::SHA256, CSS.as_bytes());
    let name = hash.as_ref()[..8].iter().fold(String::new(), |mut name, byte| {
        let _ = write!(name, "{byte:02x}");
        name
    });
    format!("/style-{name}.css")
}

/// `GET /style-….css`
pub(crate) async fn show() -> Response {
    let headers = [
        (CONTENT_TYPE, HeaderValue::from_static("text/css; charset=utf-8")),
        (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
    ];
    (headers, CSS).into_response()
}
