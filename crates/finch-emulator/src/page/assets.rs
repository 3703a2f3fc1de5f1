//! What the pages look like, and their one script.

use std::{fmt::Write, sync::LazyLock};

use hyper::{
    StatusCode,
    header::{CACHE_CONTROL, HeaderValue, X_CONTENT_TYPE_OPTIONS},
};

use crate::{
    answer::{self, Answer},
    call::Call,
    finch::providers::PROVIDERS,
    refusal::Refusal,
    world::World,
};

/// The stylesheet, with each provider's colour.
static STYLESHEET: LazyLock<String> = LazyLock::new(|| {
    let mut style = include_str!("../../assets/style.css").to_owned();
    for provider in &PROVIDERS {
        // Writing to a string does not fail.
        let _ = writeln!(style, ".swatch-{} {{ background: {} }}", provider.id, provider.colour());
    }
    style
});

/// `GET /__emulator/style.css`
pub(crate) fn style(_: &mut World, _: &Call) -> Result<Answer, Refusal> {
    Ok(asset("text/css; charset=utf-8", &STYLESHEET))
}

/// `GET /__emulator/connect.js`: tells the page that embeds Connect how it ended.
pub(crate) fn script(_: &mut World, _: &Call) -> Result<Answer, Refusal> {
    Ok(asset("text/javascript; charset=utf-8", include_str!("../../assets/connect.js")))
}

/// `GET /__emulator/icon.svg`
pub(crate) fn icon(_: &mut World, _: &Call) -> Result<Answer, Refusal> {
    Ok(asset("image/svg+xml", include_str!("../../assets/icon.svg")))
}

fn asset(content_type: &'static str, text: &'static str) -> Answer {
    let content_type = HeaderValue::from_static(content_type);
    let mut answer = answer::with_type(StatusCode::OK, content_type, text.into());
    let headers = answer.headers_mut();
    // Long enough for one visit, and short enough for whoever changes them.
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("max-age=60"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    answer
}
