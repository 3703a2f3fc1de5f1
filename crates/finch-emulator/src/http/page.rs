//! HTML pages: templates escape values, and a strict policy forbids inline styles and scripts.

use askama::Template;
use hyper::{
    StatusCode,
    header::{
        CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use url::{Origin, Url};

use super::{ApiError, HTML, Response, typed};

/// What browsers let a page do.
#[derive(Default)]
pub(crate) struct PagePolicy<'a> {
    /// Where its form may redirect to.
    pub(crate) redirects_to: Option<&'a str>,
    /// The page that may embed it.
    pub(crate) framed_by: Option<&'a str>,
    pub(crate) has_script: bool,
    /// Whether browsers hide its address even from the emulator.
    pub(crate) no_referrer: bool,
}

pub(crate) fn page(status: StatusCode, page: &impl Template, policy: &PagePolicy<'_>) -> Response {
    // Only a value's own `Display` could fail, and none does.
    let Ok(html) = page.render() else {
        return ApiError::typical(StatusCode::INTERNAL_SERVER_ERROR).into();
    };
    let mut response = typed(status, HTML, html.into());
    let headers = response.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy.content_security_policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // With `no-referrer`, browsers send `Origin: null`.
    let referrer = if policy.no_referrer { "no-referrer" } else { "same-origin" };
    headers.insert(REFERRER_POLICY, HeaderValue::from_static(referrer));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if policy.framed_by.is_none() {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    response
}

impl PagePolicy<'_> {
    fn content_security_policy(&self) -> String {
        let space = |source: String| format!(" {source}");
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; {}form-action 'self'{}; \
             base-uri 'none'; frame-ancestors {}",
            if self.has_script { "script-src 'self'; " } else { "" },
            self.redirects_to.and_then(source).map(space).unwrap_or_default(),
            self.framed_by.and_then(source).unwrap_or_else(|| "'none'".to_owned()),
        )
    }
}

/// A URL as a source in a policy. Browsers apply `form-action` to the redirect that follows a form, too.
fn source(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(match url.origin() {
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
        Origin::Opaque(_) => format!("{}:", url.scheme()),
    })
}
