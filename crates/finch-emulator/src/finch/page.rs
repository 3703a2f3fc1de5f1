//! Plain HTML pages: no scripts, everything escaped.

use std::borrow::Cow;

use hyper::{
    StatusCode,
    header::{
        CONTENT_SECURITY_POLICY, HeaderValue, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
        X_FRAME_OPTIONS,
    },
};
use url::{Origin, Url};
use uuid::Uuid;

use crate::answer::{self, Answer, HTML};

const STYLE: &str = "\
*{box-sizing:border-box}\
body{margin:0;background:#f3f4f6;color:#1b1f24;font:16px/1.5 system-ui,sans-serif}\
main{max-width:28rem;margin:0 auto;padding:1.5rem 1rem}\
h1{font-size:1.4rem;margin:0 0 .5rem}\
form,dl{background:#fff;border:1px solid #d5d9de;border-radius:.5rem;padding:1rem;margin:1rem 0}\
label,dt{display:block;font-weight:600;margin-top:.75rem}\
label:first-of-type,dt:first-of-type{margin-top:0}\
input,select{width:100%;padding:.6rem;font:inherit;border:1px solid #8b939c;border-radius:.3rem}\
dd{margin:0;overflow-wrap:anywhere}\
dd code{user-select:all}\
button{width:100%;padding:.7rem;margin-top:1rem;font:inherit;border-radius:.3rem;\
border:1px solid #3a3f8f;background:#3a3f8f;color:#fff}\
button.quiet{background:#fff;color:#3a3f8f;margin-top:.5rem}\
.problem{color:#a40e26;font-weight:600}\
.note{color:#57606a;font-size:.9rem}";

/// Text as HTML, safe in elements and in quoted attributes.
pub(super) fn escape(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"', '\'']) {
        return text.into();
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped.into()
}

/// A page; `body` is HTML, the rest is text. `leads_to` is where its form may redirect.
pub(super) fn page(status: StatusCode, title: &str, body: &str, leads_to: Option<&str>) -> Answer {
    let nonce = Uuid::new_v4().simple();
    let title = escape(title);
    let html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <title>{title} · Finch emulator</title><style nonce=\"{nonce}\">{STYLE}</style></head>\n\
         <body><main>\n<h1>{title}</h1>\n{body}\n\
         <p class=\"note\">This is the Finch emulator: no real provider is asked, and nothing you \
         type needs to be true.</p>\n</main></body></html>\n"
    );
    let policy = format!(
        "default-src 'none'; style-src 'nonce-{nonce}'; form-action 'self'{}; \
         base-uri 'none'; frame-ancestors 'none'",
        leads_to.and_then(source).map(|source| format!(" {source}")).unwrap_or_default()
    );
    let mut answer = answer::with_type(status, HTML, html.into());
    let headers = answer.headers_mut();
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(CONTENT_SECURITY_POLICY, policy);
    }
    headers.insert(REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(X_FRAME_OPTIONS, HeaderValue::from_static("DENY"));
    answer
}

/// A URL as a source in a policy: browsers apply `form-action` to the redirect that follows, too.
fn source(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(match url.origin() {
        origin @ Origin::Tuple(..) => origin.ascii_serialization(),
        Origin::Opaque(_) => format!("{}:", url.scheme()),
    })
}
