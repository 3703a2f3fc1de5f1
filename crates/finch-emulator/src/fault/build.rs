//! Faults in Rust.

use std::time::Duration;

use serde_json::Value;

use super::{Effect, Fault, FaultKind, Then};
use crate::FinchError;

impl Fault {
    /// A fault of the next call to a path; until it is told more, one that does nothing.
    #[must_use]
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

    /// Hits only calls with this method.
    #[must_use]
    pub fn method(mut self, method: &str) -> Self {
        self.method = Some(method.to_ascii_uppercase());
        self
    }

    /// Hits this many calls.
    #[must_use]
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }

    /// Holds the call up first. It takes effect even if its caller has given up.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers with this status and Finch's body for it, without any effect.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.does(FaultKind::Answer { status, body: None, headers: Vec::new() })
    }

    /// Answers with this status and body, without any effect.
    #[must_use]
    pub fn status_with(self, status: u16, body: impl Into<Value>) -> Self {
        let body = Some(body.into());
        self.does(FaultKind::Answer { status, body, headers: Vec::new() })
    }

    /// Answers with this error of Finch's table, without any effect.
    #[must_use]
    pub fn error(self, error: FinchError) -> Self {
        self.does(FaultKind::Error { error, context: None })
    }

    /// Answers 429, with or without a `Retry-After` in seconds.
    #[must_use]
    pub fn rate_limit(self, retry_after: Option<u64>) -> Self {
        self.does(FaultKind::RateLimit { retry_after })
    }

    /// Closes the connection before the call took effect.
    #[must_use]
    pub fn drop_before_effect(self) -> Self {
        self.does(FaultKind::Drop)
    }

    /// Closes the connection after the call took effect.
    #[must_use]
    pub fn drop_after_effect(self) -> Self {
        self.does(FaultKind::Drop).after_effect()
    }

    /// Answers as Finch would, without any effect: `/disconnect` says `success` and the tokens live
    /// on, `/auth/token` gives a token that Finch does not know.
    #[must_use]
    pub fn lie(self) -> Self {
        self.does(FaultKind::FinchsOwn).without_effect()
    }

    /// Answers 200 with something that is no JSON, without any effect.
    #[must_use]
    pub fn garbage(self) -> Self {
        self.does(FaultKind::Garbage)
    }

    /// Leaves these fields out of Finch's answer.
    #[must_use]
    pub fn omit<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Self {
        self.does(FaultKind::Omit(fields.into_iter().map(Into::into).collect()))
    }

    /// Sends this many bytes of Finch's answer, counted from the first of its status line, and
    /// closes the connection.
    #[must_use]
    pub fn cut(self, at: usize) -> Self {
        self.cut_then(at, Then::Close)
    }

    /// Sends this many bytes of Finch's answer, and then does that with the connection.
    #[must_use]
    pub fn cut_then(self, at: usize, then: Then) -> Self {
        self.does(FaultKind::Cut { at, then })
    }

    /// Sends Finch's answer in pieces of so many bytes, with a pause between them.
    #[must_use]
    pub fn trickle(self, bytes: usize, pause: Duration) -> Self {
        self.does(FaultKind::Trickle { bytes, pause })
    }

    /// Sends Finch's answer with a `Content-Length` that is off by so many bytes.
    #[must_use]
    pub fn length_off_by(self, bytes: i64) -> Self {
        self.does(FaultKind::LengthOffBy(bytes))
    }

    /// Sends Finch's answer, and then spaces without end.
    #[must_use]
    pub fn endless(self) -> Self {
        self.does(FaultKind::Endless)
    }

    /// Lets the call take effect before it is answered.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        self.effect = Effect::AtOnce;
        self
    }

    /// Lets the call never take effect.
    #[must_use]
    pub fn without_effect(mut self) -> Self {
        self.effect = Effect::Never;
        self
    }

    /// Lets the call take effect this long after its answer, by the emulator's clock; at most
    /// [`Effect::LATEST`].
    #[must_use]
    pub fn late(mut self, by: Duration) -> Self {
        self.effect = Effect::Late(by.min(Effect::LATEST));
        self
    }

    fn does(mut self, kind: FaultKind) -> Self {
        self.effect = kind.usual_effect();
        self.kind = kind;
        self
    }
}
