//! One call as it came in, its body read.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    HeaderMap, Method, Uri,
    body::Bytes,
    header::{self, HeaderName},
    http::{request::Parts, uri::Authority},
};
use serde_json::{Map, Value};
use url::form_urlencoded;

use crate::{fields::Invalid, refusal::Refusal};

/// The largest body that is read: 256 KiB.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

#[derive(Clone)]
pub(crate) struct Call {
    pub(crate) method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl Call {
    pub(crate) fn new(parts: Parts, body: Bytes) -> Self {
        Self::of(parts.method, parts.uri, parts.headers, body)
    }

    pub(crate) fn of(method: Method, uri: Uri, headers: HeaderMap, body: Bytes) -> Self {
        Self { method, uri, headers, body }
    }

    pub(crate) fn path(&self) -> &str {
        self.uri.path()
    }

    /// A parameter of the query, decoded; the first one if it comes twice.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        parameter(self.uri.query()?.as_bytes(), name)
    }

    /// A field of a form in the body, decoded.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        parameter(&self.body, name)
    }

    /// All fields of a form in the body that have this name, decoded.
    pub(crate) fn form_all(&self, name: &str) -> Vec<String> {
        let fields = form_urlencoded::parse(&self.body);
        fields.filter(|(key, _)| key == name).map(|(_, value)| value.into()).collect()
    }

    /// A header that is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The hosts that it names: in `Host`, and in a request target that is a whole URL. One that is no
    /// text is empty.
    pub(crate) fn hosts(&self) -> Vec<&str> {
        let headers = self.headers.get_all(header::HOST).iter();
        let headers = headers.map(|value| value.to_str().unwrap_or_default().trim());
        headers.chain(self.uri.authority().map(Authority::as_str)).collect()
    }

    /// The body as a JSON value, whatever the `Content-Type` says.
    pub(crate) fn json(&self) -> Result<Value, Invalid> {
        if self.body.is_empty() {
            return Err(Invalid::body("must be JSON, but it is empty"));
        }
        // Where the syntax breaks is said, what stands there is not: it may be a secret.
        serde_json::from_slice(&self.body).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            Invalid::body(format!("must be JSON; it breaks at line {line}, column {column}"))
        })
    }

    /// The body as a JSON object.
    pub(crate) fn object(&self) -> Result<Map<String, Value>, Invalid> {
        match self.json()? {
            Value::Object(object) => Ok(object),
            _ => Err(Invalid::body("must be a JSON object")),
        }
    }

    /// The access token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Result<&str, Refusal> {
        self.authorization("Bearer").ok_or_else(Refusal::no_authentication)
    }

    /// Whether it has an `Authorization: Basic`.
    pub(crate) fn has_basic(&self) -> bool {
        self.authorization("Basic").is_some()
    }

    /// Refuses a call without `Authorization: Basic` of this application.
    pub(crate) fn require_client(&self, id: &str, secret: &str) -> Result<(), Refusal> {
        let given = self.authorization("Basic").and_then(|text| STANDARD.decode(text).ok());
        let given = given.as_deref().and_then(|pair| std::str::from_utf8(pair).ok());
        match given.and_then(|pair| pair.split_once(':')) {
            Some(pair) if pair == (id, secret) => Ok(()),
            _ => Err(Refusal::unknown_client()),
        }
    }

    fn authorization(&self, scheme: &str) -> Option<&str> {
        const AUTHORIZATION: HeaderName = header::AUTHORIZATION;
        let (given, credentials) =
            self.headers.get(AUTHORIZATION)?.to_str().ok()?.trim().split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
    }
}

fn parameter(encoded: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(encoded).find(|(key, _)| key == name).map(|(_, value)| value.into())
}
