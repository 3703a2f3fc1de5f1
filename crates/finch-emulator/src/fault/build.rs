//! Building faults in Rust.

use std::time::Duration;

use serde_json::Value;

use super::{Effect, Fault, FaultKind, Then};
use crate::FinchError;

impl Fault {
    /// A fault of the next request to a path, which does nothing yet.
    pub fn on(path: impl Into<String>) -> Self {
        Self {
            method: None,
            path: Some(path.into()),
            times: 1,
            delay: Duration::ZERO,
            effect: Effect::AtOnce,
            kind: FaultKind::FinchsOwn,
        }
    }

    /// Affects only requests with this method.
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Affects this many requests.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Delays the request. It takes effect even if its caller has given up.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers with this status and Finch's body for it, without effect.
    pub fn status(self, status: u16) -> Self {
        self.kind(FaultKind::Answer { status, body: None, headers: Vec::new() })
    }

    /// Answers with this status and body, without effect.
    pub fn status_with(self, status: u16, body: impl Into<Value>) -> Self {
        let body = Some(body.into());
        self.kind(FaultKind::Answer { status, body, headers: Vec::new() })
    }

    /// Answers with this error of Finch's table, without effect.
    pub fn error(self, error: FinchError) -> Self {
        self.kind(FaultKind::Error { error, context: None })
    }

    /// Answers 429, with or without a `Retry-After` in seconds, without effect.
    pub fn rate_limit(self, retry_after: Option<u64>) -> Self {
        self.kind(FaultKind::RateLimit { retry_after })
    }

    /// Closes the connection, without effect.
    pub fn drop_before_effect(self) -> Self {
        self.kind(FaultKind::Drop)
    }

    /// Closes the connection after the request took effect.
    pub fn drop_after_effect(self) -> Self {
        self.kind(FaultKind::Drop).after_effect()
    }

    /// Answers as Finch would, without effect: after `/disconnect` says `success` the tokens are live,
    /// and Finch does not know the token from `/auth/token`.
    pub fn lie(self) -> Self {
        self.kind(FaultKind::FinchsOwn).without_effect()
    }

    /// Answers 200 with half a page of HTML, without effect.
    pub fn garbage(self) -> Self {
        self.kind(FaultKind::Garbage)
    }

    /// Leaves these fields out of Finch's response.
    pub fn omit<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Self {
        self.kind(FaultKind::Omit(fields.into_iter().map(Into::into).collect()))
    }

    /// Sends this many bytes of Finch's response, counted from the status line, and closes the
    /// connection.
    pub fn cut(self, at: usize) -> Self {
        self.cut_then(at, Then::Close)
    }

    /// Sends this many bytes of Finch's response, and does this with the connection.
    pub fn cut_then(self, at: usize, then: Then) -> Self {
        self.kind(FaultKind::Cut { at, then })
    }

    /// Sends Finch's response in pieces of this many bytes, with a pause between them.
    pub fn trickle(self, bytes: usize, pause: Duration) -> Self {
        self.kind(FaultKind::Trickle { bytes, pause })
    }

    /// Sends Finch's response with a `Content-Length` that is wrong by this many bytes.
    pub fn length_off_by(self, bytes: i64) -> Self {
        self.kind(FaultKind::LengthOffBy(bytes))
    }

    /// Sends Finch's response, followed by endless spaces.
    pub fn endless(self) -> Self {
        self.kind(FaultKind::Endless)
    }

    /// The request takes effect before the response.
    pub fn after_effect(mut self) -> Self {
        self.effect = Effect::AtOnce;
        self
    }

    /// The request never takes effect.
    pub fn without_effect(mut self) -> Self {
        self.effect = Effect::Never;
        self
    }

    /// The request takes effect this long after the response, by the emulator's clock, at most
    /// [`Effect::LATEST`].
    pub fn late(mut self, by: Duration) -> Self {
        self.effect = Effect::Late(by.min(Effect::LATEST));
        self
    }

    fn kind(mut self, kind: FaultKind) -> Self {
        self.effect = kind.default_effect();
        self.kind = kind;
        self
    }
}
