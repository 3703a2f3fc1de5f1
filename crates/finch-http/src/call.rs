//! One call to Finch, ready to be sent, perhaps several times.

use bytes::Bytes;
use finch_core::{AccessToken, FinchApiError};
use reqwest::{
    Body, Method, Request, Url,
    header::{AUTHORIZATION, CONTENT_LENGTH, CONTENT_TYPE, HeaderValue, InvalidHeaderValue},
};
use serde::Serialize;
use zeroize::Zeroizing;

#[derive(Default)]
pub(crate) struct OutgoingCall<'a> {
    /// Its name in the log.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    /// Below the base address.
    pub(crate) path: &'static str,
    pub(crate) authorization: Option<HeaderValue>,
    /// JSON; none: an empty body.
    pub(crate) body: Option<Bytes>,
    /// What must not come back in an error, beside the credentials in `authorization`.
    pub(crate) secrets: &'a [&'a str],
    pub(crate) repeat: Repeat,
}

/// When a call may be sent again.
#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// Only where Finch did not look at it: no connection was made, or it answered 429.
    #[default]
    Unseen,
    /// After every failure that may pass.
    Freely,
}

impl OutgoingCall<'_> {
    pub(crate) fn request(&self, base: &Url) -> Request {
        let mut url = base.clone();
        url.set_path(&format!("{}{}", base.path().trim_end_matches('/'), self.path));
        let mut request = Request::new(self.method.clone(), url);
        let headers = request.headers_mut();
        if let Some(authorization) = &self.authorization {
            headers.insert(AUTHORIZATION, authorization.clone());
        }
        match &self.body {
            Some(json) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                *request.body_mut() = Some(Body::from(json.clone()));
            }
            None if self.method == Method::POST => {
                headers.insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
            }
            None => {}
        }
        request
    }

    /// Whether `text`, which came from outside, repeats a secret of this call. A short secret may
    /// stand in an innocent text by chance, so that only a long one is searched for.
    pub(crate) fn is_echoed_in(&self, text: &str) -> bool {
        let header = self.authorization.as_ref().map(HeaderValue::as_bytes).unwrap_or_default();
        let credential = str::from_utf8(header).ok().and_then(|header| header.split_once(' '));
        let mut secrets = self.secrets.iter().copied().chain(credential.map(|(_, secret)| secret));
        secrets.any(|s| text == s || (s.len() >= 16 && text.contains(s)))
    }
}

/// A header that is never shown, and wiped after its last use.
pub(crate) fn secret_header(text: String) -> Result<HeaderValue, InvalidHeaderValue> {
    let owned = Bytes::from_owner(Zeroizing::new(text.into_bytes()));
    let mut header = HeaderValue::from_maybe_shared(owned)?;
    header.set_sensitive(true);
    Ok(header)
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: Bearer authentication of the token's calls")]
pub(crate) fn bearer(token: &AccessToken) -> Result<HeaderValue, FinchApiError> {
    secret_header(format!("Bearer {}", token.expose())).map_err(|_| {
        let problem = "the access token contains a character that no HTTP header can carry";
        FinchApiError::Backend(problem.into())
    })
}

/// A body that is wiped after its last use.
pub(crate) fn body(body: &impl Serialize) -> Result<Bytes, FinchApiError> {
    // Room for all of it at once: a buffer that grows leaves copies behind.
    let mut text = Zeroizing::new(Vec::with_capacity(2048));
    serde_json::to_writer(&mut *text, body)
        .map_err(|_| FinchApiError::Backend("the request cannot be written as JSON".into()))?;
    Ok(Bytes::from_owner(text))
}
