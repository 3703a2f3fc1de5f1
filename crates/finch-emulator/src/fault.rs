//! Faults: how the emulator misbehaves on request.

mod play;
mod queue;
mod wire;

use std::time::Duration;

use serde_json::Value;

pub(crate) use queue::FaultQueue;
pub(crate) use wire::{one_or_many, to_json};

/// What goes wrong with the next calls that match.
///
/// ```
/// # use finch_emulator::Fault;
/// # use std::time::Duration;
/// let lost = Fault::on("/auth/token").drop_after_effect();
/// let busy = Fault::on("/introspect").times(3).rate_limit(Some(2));
/// let slow = Fault::on("/disconnect").delay(Duration::from_millis(200)).status(503);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Fault {
    /// The method that must match; `None` matches all.
    pub method: Option<String>,
    /// The path that must match; `None` matches all of Finch's.
    pub path: Option<String>,
    /// How many calls it hits before it is gone.
    pub times: u32,
    /// How long each of them is held up first.
    pub delay: Duration,
    /// What happens then.
    pub kind: FaultKind,
}

/// What happens to a call that a fault hits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Nothing more: the call is only late. It takes effect even if the caller has given up.
    Delay,
    /// This answer instead of Finch's.
    Answer {
        /// The status, 200 to 599.
        status: u16,
        /// The body: a string as it is, else JSON; `None` for Finch's own with this status.
        body: Option<Value>,
        /// Headers beside it, or instead of Finch's: names and values.
        headers: Vec<(String, String)>,
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// A 429, and no effect.
    RateLimit {
        /// The seconds of its `Retry-After`, if it is to have one.
        retry_after: Option<u64>,
    },
    /// The connection is closed without an answer, before the call took effect.
    DropBeforeEffect,
    /// The connection is closed without an answer, after the call took effect.
    DropAfterEffect,
    /// A 200 with half a page of HTML.
    Garbage {
        /// Whether the call takes effect all the same.
        after_effect: bool,
    },
    /// Finch's answer without these fields.
    Omit(Vec<String>),
}

impl Fault {
    /// A fault of the next call to a path; until it is told more, one that does nothing.
    #[must_use]
    pub fn on(path: impl Into<String>) -> Self {
        Self {
            method: None,
            path: Some(path.into()),
            times: 1,
            delay: Duration::ZERO,
            kind: FaultKind::Delay,
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

    /// Holds the call up first.
    #[must_use]
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// Answers with this status and Finch's body for it, without any effect.
    #[must_use]
    pub fn status(self, status: u16) -> Self {
        self.answer(status, None)
    }

    /// Answers with this status and body, without any effect.
    #[must_use]
    pub fn status_with(self, status: u16, body: impl Into<Value>) -> Self {
        self.answer(status, Some(body.into()))
    }

    /// Answers 429, with or without a `Retry-After` in seconds.
    #[must_use]
    pub fn rate_limit(self, retry_after: Option<u64>) -> Self {
        self.does(FaultKind::RateLimit { retry_after })
    }

    /// Closes the connection before the call took effect.
    #[must_use]
    pub fn drop_before_effect(self) -> Self {
        self.does(FaultKind::DropBeforeEffect)
    }

    /// Closes the connection after the call took effect.
    #[must_use]
    pub fn drop_after_effect(self) -> Self {
        self.does(FaultKind::DropAfterEffect)
    }

    /// Answers 200 with something that is no JSON, without any effect.
    #[must_use]
    pub fn garbage(self) -> Self {
        self.does(FaultKind::Garbage { after_effect: false })
    }

    /// Leaves these fields out of Finch's answer.
    #[must_use]
    pub fn omit<F: Into<String>>(self, fields: impl IntoIterator<Item = F>) -> Self {
        self.does(FaultKind::Omit(fields.into_iter().map(Into::into).collect()))
    }

    /// Lets a status or garbage come after the call took effect.
    #[must_use]
    pub fn after_effect(mut self) -> Self {
        if let FaultKind::Answer { after_effect, .. } | FaultKind::Garbage { after_effect } =
            &mut self.kind
        {
            *after_effect = true;
        }
        self
    }

    fn answer(self, status: u16, body: Option<Value>) -> Self {
        self.does(FaultKind::Answer { status, body, headers: Vec::new(), after_effect: false })
    }

    fn does(mut self, kind: FaultKind) -> Self {
        self.kind = kind;
        self
    }
}
