//! The one style sheet, under a name that changes with it.

use std::sync::LazyLock;

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    http::header::{CACHE_CONTROL, CONTENT_TYPE},
    response::{IntoResponse, Response},
};

use crate::cookie::hex;

const CSS: &str = include_str!("../assets/style.css");

/// Such as `/style-0123456789abcdef.css`.
pub(crate) static PATH: LazyLock<String> = LazyLock::new(|| {
    let hash = digest(&SHA256, CSS.as_bytes());
    format!("/style-{}.css", hex(&hash.as_ref()[..8]))
});

/// `GET /style-….css`
pub(crate) async fn show() -> Response {
    let headers = [
        (CONTENT_TYPE, "text/css; charset=utf-8"),
        (CACHE_CONTROL, "public, max-age=31536000, immutable"),
    ];
    (headers, CSS).into_response()
}
