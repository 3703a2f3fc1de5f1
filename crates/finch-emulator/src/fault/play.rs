//! What a fault makes of an answer.

use std::time::Duration;

use hyper::{
    StatusCode,
    body::Bytes,
    header::{HeaderName, HeaderValue, RETRY_AFTER},
};
use serde_json::Value;

use super::{FaultKind, Then};
use crate::{
    answer::{self, Answer, HTML, JSON, TEXT},
    refusal::Refusal,
};

/// The beginning of what a proxy may answer in Finch's place.
const GARBAGE: &str = "<!doctype html><html><head><title>One moment</title></head><body><p>We'll";

/// What goes back to the caller.
pub(crate) enum Reply {
    /// Nothing: the connection is closed.
    Dropped,
    /// An answer, in this shape.
    Answer(Answer, Shape),
}

/// How an answer is put on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shape {
    Whole,
    Cut { at: usize, then: Then },
    Trickle { bytes: usize, pause: Duration },
    LengthOffBy(i64),
    Endless,
}

impl FaultKind {
    /// Whether Finch's own answer is in what the caller gets.
    pub(crate) fn shows_finchs_own(&self) -> bool {
        !matches!(
            self,
            Self::Answer { .. }
                | Self::Error { .. }
                | Self::RateLimit { .. }
                | Self::Drop
                | Self::Garbage
        )
    }

    /// What the caller gets; `finchs_own` is only asked for where it is shown.
    pub(crate) fn play(self, finchs_own: impl FnOnce() -> Answer) -> Reply {
        let answer = match self {
            Self::Drop => return Reply::Dropped,
            Self::FinchsOwn => finchs_own(),
            Self::Omit(fields) => without(finchs_own(), &fields),
            Self::RateLimit { retry_after } => rate_limited(retry_after),
            Self::Garbage => answer::with_type(StatusCode::OK, HTML, GARBAGE.into()),
            Self::Answer { status, body, headers } => instead(status, body, &headers),
            Self::Error { error, context } => Refusal::named(error, context.as_ref()).into_answer(),
            Self::Cut { at, then } => return Reply::Answer(finchs_own(), Shape::Cut { at, then }),
            Self::Trickle { bytes, pause } => {
                return Reply::Answer(finchs_own(), Shape::Trickle { bytes, pause });
            }
            Self::LengthOffBy(bytes) => {
                return Reply::Answer(finchs_own(), Shape::LengthOffBy(bytes));
            }
            Self::Endless => return Reply::Answer(finchs_own(), Shape::Endless),
        };
        Reply::Answer(answer, Shape::Whole)
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
