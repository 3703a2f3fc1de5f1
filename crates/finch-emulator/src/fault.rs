//! Faults: how the emulator misbehaves on request.

mod build;
mod json;
mod play;
mod queue;

use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use json::{from_json, to_json};
pub(crate) use queue::FaultQueue;

use crate::{FinchError, http::Response};

/// What goes wrong with the next matching requests.
///
/// ```
/// # use finch_emulator::{Fault, FinchError};
/// # use std::time::Duration;
/// let lost = Fault::on("/auth/token").drop_after_effect();
/// let busy = Fault::on("/introspect").times(3).rate_limit(Some(2));
/// let slow = Fault::on("/disconnect").delay(Duration::from_millis(200)).status(503);
/// let late = Fault::on("/disconnect").drop_before_effect().late(Duration::from_secs(300));
/// let lying = Fault::on("/disconnect").lie();
/// let half = Fault::on("/auth/token").cut(100);
/// let reauth = Fault::on("/disconnect").error(FinchError::ReauthenticateUser);
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use]
#[non_exhaustive]
pub struct Fault {
    /// The method to match; `None` matches all.
    pub method: Option<String>,
    /// The path to match; `None` matches all of Finch's.
    pub path: Option<String>,
    /// How many requests it affects.
    pub times: u32,
    /// The delay before each of them.
    pub delay: Duration,
    /// When the request takes effect.
    pub effect: Effect,
    /// What the caller gets.
    pub kind: FaultKind,
}

/// When a request takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Before the response, as without a fault.
    AtOnce,
    /// Never. Finch's response, where it is sent, is the one that Finch would have given.
    Never,
    /// This long after the response, by the emulator's clock.
    Late(Duration),
}

impl Effect {
    /// The latest: seven minutes. Finch's own limit is six.
    pub const LATEST: Duration = Duration::from_secs(7 * 60);
}

/// What the caller gets from an affected request.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Finch's response: the request is only delayed, or the response is a lie.
    FinchsOwn,
    /// Another response.
    Answer {
        /// The status, 200 to 599.
        status: u16,
        /// The body: a string as it is, anything else as JSON; `None` for Finch's own with this status.
        body: Option<Value>,
        /// Names and values of headers that are added or replaced.
        headers: Vec<(String, String)>,
    },
    /// An error of Finch's table.
    Error {
        /// Which.
        error: FinchError,
        /// The `context` in its body.
        context: Option<Value>,
    },
    /// A 429.
    RateLimit {
        /// The seconds in its `Retry-After`.
        retry_after: Option<u64>,
    },
    /// The connection is closed without a response.
    Drop,
    /// A 200 with half a page of HTML.
    Garbage,
    /// Finch's response without these fields.
    Omit(Vec<String>),
    /// The first bytes of Finch's response.
    Cut {
        /// How many bytes are sent, counted from the status line.
        at: usize,
        /// What happens to the connection.
        then: Then,
    },
    /// Finch's response in small pieces.
    Trickle {
        /// The number of bytes in each piece.
        bytes: usize,
        /// The pause between pieces.
        pause: Duration,
    },
    /// Finch's response with a wrong `Content-Length`, after which the connection is closed.
    LengthOffBy(i64),
    /// Finch's response, followed by endless spaces.
    Endless,
}

/// What happens to a connection whose response was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Then {
    /// It is closed.
    #[default]
    Close,
    /// It is closed in one direction: nothing more is sent, but the caller can go on sending.
    HalfClose,
    /// It stays open, and nothing more is sent.
    Silence,
    /// It is reset.
    Reset,
}

/// What is sent back to the caller.
pub(crate) enum Reply {
    /// Nothing: the connection is closed.
    Dropped,
    Response(Response),
    /// A response that this fault distorts on its way.
    Distorted(Response, FaultKind),
}

impl FaultKind {
    /// Whether the caller gets Finch's response, whole or in part.
    pub(crate) fn shows_original(&self) -> bool {
        !matches!(
            self,
            Self::Answer { .. }
                | Self::Error { .. }
                | Self::RateLimit { .. }
                | Self::Drop
                | Self::Garbage
        )
    }

    /// When the request takes effect unless the fault says otherwise: as its caller would conclude.
    pub(crate) fn default_effect(&self) -> Effect {
        if self.shows_original() { Effect::AtOnce } else { Effect::Never }
    }
}
