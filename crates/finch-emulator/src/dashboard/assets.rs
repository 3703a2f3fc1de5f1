//! The stylesheet, the script and the icon of the pages.

use std::{fmt::Write, sync::LazyLock};

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};

use crate::{
    http::{self, ApiError, Request, Response},
    service::Service,
    world::PROVIDERS,
};

/// The stylesheet, with the colour of each provider.
static STYLESHEET: LazyLock<String> = LazyLock::new(|| {
    let mut style = include_str!("../../assets/style.css").to_owned();
    for provider in &PROVIDERS {
        let (id, color) = (provider.id, provider.primary_color);
        // Writing to a string does not fail.
        let _ = writeln!(style, ".swatch-{id} {{ background: {color} }}");
    }
    style
});

/// `GET /__emulator/style.css`
pub(crate) fn style(_: &mut Service, _: &Request) -> Result<Response, ApiError> {
    Ok(asset("text/css; charset=utf-8", &STYLESHEET))
}

/// `GET /__emulator/connect.js`: sends the end of Connect to the page that embeds it.
pub(crate) fn script(_: &mut Service, _: &Request) -> Result<Response, ApiError> {
    Ok(asset("text/javascript; charset=utf-8", include_str!("../../assets/connect.js")))
}

/// `GET /__emulator/icon.svg`
pub(crate) fn icon(_: &mut Service, _: &Request) -> Result<Response, ApiError> {
    Ok(asset("image/svg+xml", include_str!("../../assets/icon.svg")))
}

fn asset(content_type: &'static str, text: &'static str) -> Response {
    let content_type = HeaderValue::from_static(content_type);
    let mut response = http::typed(StatusCode::OK, content_type, text.into());
    let headers = response.headers_mut();
    // One visit long; a change of the file is seen soon.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}
