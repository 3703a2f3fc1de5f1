//! Applying a fault to Finch's response.

use hyper::{
    StatusCode,
    body::Bytes,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;

use super::{FaultKind, Reply};
use crate::http::{self, ApiError, HTML, JSON, Response, TEXT};

/// The start of a page that a proxy may answer in Finch's place.
const GARBAGE: &str = "<!doctype html><html><head><title>One moment</title></head><body><p>We'll";

impl FaultKind {
    /// What the caller gets. `original` is Finch's response; it is ignored where the fault has its own.
    pub(crate) fn play(self, original: Response) -> Reply {
        let response = match self {
            Self::Drop => return Reply::Dropped,
            Self::Omit(fields) => without(original, &fields),
            Self::RateLimit { retry_after } => rate_limited(retry_after),
            Self::Garbage => http::typed(StatusCode::OK, HTML, GARBAGE.into()),
            Self::Answer { status, body, headers } => answer(status, body, &headers),
            Self::Error { error, context } => ApiError::of(error, context).into(),
            Self::FinchsOwn => original,
            Self::Cut { .. } | Self::Trickle { .. } | Self::LengthOffBy(_) | Self::Endless => {
                return Reply::Distorted(original, self);
            }
        };
        Reply::Response(response)
    }
}

fn rate_limited(retry_after: Option<u64>) -> Response {
    let mut response = Response::from(ApiError::typical(StatusCode::TOO_MANY_REQUESTS));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}

fn answer(status: u16, body: Option<Value>, headers: &[(String, String)]) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = match body {
        Some(Value::String(text)) => http::typed(status, TEXT, text.into()),
        Some(value) => http::json(status, &value),
        None if status.is_success() || status.is_redirection() => {
            http::typed(status, JSON, Bytes::new())
        }
        None => ApiError::typical(status).into(),
    };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            response.headers_mut().insert(name, value);
        }
    }
    response
}

fn without(response: Response, fields: &[String]) -> Response {
    response.map(|body| match serde_json::from_slice(&body) {
        Ok(Value::Object(mut object)) => {
            object.retain(|name, _| !fields.contains(name));
            Value::Object(object).to_string().into()
        }
        _ => body,
    })
}
