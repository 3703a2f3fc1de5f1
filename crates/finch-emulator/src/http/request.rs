//! A request whose body has been read.

use base64::{Engine, engine::general_purpose::STANDARD};
use hyper::{
    Method,
    body::Bytes,
    header::{AUTHORIZATION, HOST, HeaderName},
    http::uri::Authority,
};
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::{FinchError, Invalid, json};

/// The largest body that is read: 256 KiB.
pub(crate) const BODY_LIMIT: usize = 256 * 1024;

#[derive(Clone)]
pub(crate) struct Request(hyper::Request<Bytes>);

impl From<hyper::Request<Bytes>> for Request {
    fn from(request: hyper::Request<Bytes>) -> Self {
        Self(request)
    }
}

impl Request {
    pub(crate) fn method(&self) -> &Method {
        self.0.method()
    }

    pub(crate) fn path(&self) -> &str {
        self.0.uri().path()
    }

    /// A decoded parameter of the query, the first of that name.
    pub(crate) fn query(&self, name: &str) -> Option<String> {
        first(self.0.uri().query().unwrap_or_default().as_bytes(), name)
    }

    /// A decoded field of a form in the body, the first of that name.
    pub(crate) fn form(&self, name: &str) -> Option<String> {
        first(self.0.body(), name)
    }

    /// All decoded fields of a form in the body that have this name.
    pub(crate) fn form_all(&self, name: &str) -> Vec<String> {
        let fields = form_urlencoded::parse(self.0.body());
        fields.filter(|(key, _)| key == name).map(|(_, value)| value.into()).collect()
    }

    /// A header, if it is text.
    pub(crate) fn header(&self, name: &HeaderName) -> Option<&str> {
        self.0.headers().get(name)?.to_str().ok()
    }

    /// The hosts in `Host` headers and in a request target in absolute form. A value that is not text
    /// counts as empty.
    pub(crate) fn hosts(&self) -> Vec<&str> {
        let headers = self.0.headers().get_all(HOST).iter();
        let headers = headers.map(|value| value.to_str().unwrap_or_default().trim());
        headers.chain(self.0.uri().authority().map(Authority::as_str)).collect()
    }

    /// The body as JSON, whatever the `Content-Type`.
    pub(crate) fn value(&self) -> Result<Value, Invalid> {
        json::parse(self.0.body())
    }

    /// The body as a JSON object of this type.
    pub(crate) fn json<T: DeserializeOwned>(&self) -> Result<T, Invalid> {
        match self.value()? {
            // serde would read the fields of a struct from an array, too.
            object @ Value::Object(_) => json::from_value(object),
            _ => Err(Invalid::body("must be a JSON object")),
        }
    }

    /// The access token of `Authorization: Bearer`.
    pub(crate) fn bearer(&self) -> Result<&str, FinchError> {
        self.authorization("Bearer").ok_or(FinchError::UnauthorizedRequest)
    }

    /// The client id and secret of `Authorization: Basic`, undecodable ones as empty.
    pub(crate) fn basic(&self) -> Option<(String, String)> {
        let pair = STANDARD.decode(self.authorization("Basic")?).unwrap_or_default();
        let pair = String::from_utf8(pair).unwrap_or_default();
        let (id, secret) = pair.split_once(':').unwrap_or_default();
        Some((id.to_owned(), secret.to_owned()))
    }

    fn authorization(&self, scheme: &str) -> Option<&str> {
        let (given, credentials) = self.header(&AUTHORIZATION)?.trim().split_once(' ')?;
        given.eq_ignore_ascii_case(scheme).then(|| credentials.trim())
    }
}

fn first(encoded: &[u8], name: &str) -> Option<String> {
    form_urlencoded::parse(encoded).find(|(key, _)| key == name).map(|(_, value)| value.into())
}
