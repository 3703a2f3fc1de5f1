//! The emulator's pages: escaped by their templates, without inline styles or scripts.

pub(crate) mod assets;
pub(crate) mod dashboard;

use askama::Template;
use hyper::{
    StatusCode,
    header::{
        CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use url::{Origin, Url};

use crate::{
    answer::{self, Answer, HTML},
    refusal::Refusal,
};

pub(crate) const STYLE: &str = "/__emulator/style.css";
pub(crate) const SCRIPT: &str = "/__emulator/connect.js";
pub(crate) const ICON: &str = "/__emulator/icon.svg";

/// What a page may do, as its policy says it to browsers.
#[derive(Default)]
pub(crate) struct Rules<'a> {
    /// Where its form may redirect.
    pub(crate) leads_to: Option<&'a str>,
    /// Who may embed it.
    pub(crate) framed_by: Option<&'a str>,
    /// Whether it has the script that hands its end to whoever embeds it.
    pub(crate) has_script: bool,
    /// Whether its address stays with the browser, even on its way back to us.
    pub(crate) keeps_its_address: bool,
}

pub(crate) fn page(status: StatusCode, template: &impl Template, rules: &Rules<'_>) -> Answer {
    // Templates write to a string; only a value's own `Display` could fail, and none does.
    let Ok(html) = template.render() else {
        return Refusal::typical(StatusCode::INTERNAL_SERVER_ERROR).into_answer();
    };
    let mut answer = answer::with_type(status, HTML, html.into());
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&rules.policy()) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    // Browsers say `Origin: null` where no referrer is allowed at all.
    let referrer = if rules.keeps_its_address { "no-referrer" } else { "same-origin" };
    headers.insert(REFERRER_POLICY, HeaderValue::from_static(referrer));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if rules.framed_by.is_none() {
        headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    }
    answer
}

impl Rules<'_> {
    fn policy(&self) -> String {
        let space = |source: String| format!(" {source}");
        format!(
            "default-src 'none'; style-src 'self'; img-src 'self'; {}form-action 'self'{}; \
             base-uri 'none'; frame-ancestors {}",
            if self.has_script { "script-src 'self'; " } else { "" },
            self.leads_to.and_then(source).map(space).unwrap_or_default(),
            self.framed_by.and_then(source).unwrap_or_else(|| "'none'".to_owned()),
        )
    }
}

/// A URL as a source in a policy: browsers apply `form-action` to the redirect that follows, too.
fn source(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(match url.origin() {
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
        Origin::Opaque(_) => format!("{}:", url.scheme()),
    })
}

/// A secret as people may see it: its first four characters, and its length.
pub(crate) fn masked(secret: &str) -> String {
    const SHOWN: usize = 4;
    let length = secret.chars().count();
    // Of a short one these would be too much of it.
    let shown = if length < 4 * SHOWN { 0 } else { SHOWN };
    let beginning: String = secret.chars().take(shown).collect();
    format!("{beginning}… ({length} characters)")
}
