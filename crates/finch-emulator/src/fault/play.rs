//! What a fault makes of a call.

use hyper::{
    StatusCode,
    body::Bytes,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;

use super::FaultKind;
use crate::{
    answer::{self, Answer, HTML, JSON, TEXT},
    refusal::Refusal,
};

/// The beginning of what a proxy may answer in Finch's place.
const GARBAGE: &str = "<!doctype html><html><head><title>One moment</title></head><body><p>We'll";

impl FaultKind {
    /// The answer that the caller gets, or none; `effect` lets the call take effect.
    pub(crate) fn play(self, effect: impl FnOnce() -> Answer) -> Option<Answer> {
        Some(match self {
            Self::Delay => effect(),
            Self::DropBeforeEffect => return None,
            Self::DropAfterEffect => {
                effect();
                return None;
            }
            Self::Omit(fields) => without(effect(), &fields),
            Self::RateLimit { retry_after } => rate_limited(retry_after),
            Self::Garbage { after_effect } => {
                if after_effect {
                    effect();
                }
                answer::with_type(StatusCode::OK, HTML, GARBAGE.into())
            }
            Self::Answer { status, body, headers, after_effect } => {
                if after_effect {
                    effect();
                }
                instead(status, body, &headers)
            }
        })
    }
}

fn rate_limited(retry_after: Option<u64>) -> Answer {
    let mut answer = Refusal::typical(StatusCode::TOO_MANY_REQUESTS).into_answer();
    if let Some(seconds) = retry_after {
        answer.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    answer
}

fn instead(status: u16, body: Option<Value>, headers: &[(String, String)]) -> Answer {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = match body {
        Some(Value::String(text)) => answer::with_type(status, TEXT, text.into()),
        Some(value) => answer::json(status, &value),
        None if status.is_success() || status.is_redirection() => {
            answer::with_type(status, JSON, Bytes::new())
        }
        None => Refusal::typical(status).into_answer(),
    };
    for (name, value) in headers {
        if let (Ok(name), Ok(value)) =
            (HeaderName::from_bytes(name.as_bytes()), HeaderValue::from_str(value))
        {
            answer.headers_mut().insert(name, value);
        }
    }
    answer
}

fn without(answer: Answer, fields: &[String]) -> Answer {
    answer.map(|body| match serde_json::from_slice(&body) {
        Ok(Value::Object(mut object)) => {
            object.retain(|name, _| !fields.contains(name));
            Value::Object(object).to_string().into()
        }
        _ => body,
    })
}
