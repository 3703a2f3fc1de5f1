//! Faults: how the emulator misbehaves on request.

mod build;
mod play;
mod queue;
mod read;
mod show;

use std::time::Duration;

use serde_json::Value;

pub(crate) use play::{Reply, Shape};
pub(crate) use queue::FaultQueue;
pub(crate) use read::one_or_many;
pub(crate) use show::to_json;

use crate::FinchError;

/// What goes wrong with the next calls that match.
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
    /// When the call takes effect.
    pub effect: Effect,
    /// What the caller gets.
    pub kind: FaultKind,
}

/// When a call takes effect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Effect {
    /// Before it is answered, as without a fault.
    AtOnce,
    /// Never. Where Finch's answer is shown, it is the one that Finch would have given.
    Never,
    /// This long after its answer, by the emulator's clock.
    Late(Duration),
}

impl Effect {
    /// The latest: seven minutes. Finch's own limit is six.
    pub const LATEST: Duration = Duration::from_secs(7 * 60);
}

/// What the caller of a call gets that a fault hits.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum FaultKind {
    /// Finch's answer: the call is only late, or the answer is a lie.
    FinchsOwn,
    /// This answer instead of Finch's.
    Answer {
        /// The status, 200 to 599.
        status: u16,
        /// The body: a string as it is, else JSON; `None` for Finch's own with this status.
        body: Option<Value>,
        /// Headers beside it, or instead of Finch's: names and values.
        headers: Vec<(String, String)>,
    },
    /// An error of Finch's table.
    Error {
        /// Which.
        error: FinchError,
        /// The `context` of its body, if it is to have one.
        context: Option<Value>,
    },
    /// A 429.
    RateLimit {
        /// The seconds of its `Retry-After`, if it is to have one.
        retry_after: Option<u64>,
    },
    /// The connection is closed without an answer.
    Drop,
    /// A 200 with half a page of HTML.
    Garbage,
    /// Finch's answer without these fields.
    Omit(Vec<String>),
    /// The first bytes of Finch's answer.
    Cut {
        /// How many of its bytes are sent, counted from the first of its status line.
        at: usize,
        /// What becomes of the connection.
        then: Then,
    },
    /// Finch's answer in small pieces.
    Trickle {
        /// How many bytes each piece has.
        bytes: usize,
        /// How long it is until the next one.
        pause: Duration,
    },
    /// Finch's answer with a wrong `Content-Length`, after which the connection is closed.
    LengthOffBy(i64),
    /// Finch's answer, and then spaces without end.
    Endless,
}

/// What becomes of a connection whose answer was cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Then {
    /// It is closed.
    #[default]
    Close,
    /// It is closed in one direction: nothing more comes, but the caller is listened to.
    HalfClose,
    /// It stays open, and nothing more comes.
    Silence,
    /// It is reset.
    Reset,
}

impl Then {
    pub(crate) const ALL: [Self; 4] = [Self::Close, Self::HalfClose, Self::Silence, Self::Reset];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Close => "close",
            Self::HalfClose => "half_close",
            Self::Silence => "silence",
            Self::Reset => "reset",
        }
    }
}

impl FaultKind {
    /// When a call takes effect unless the fault says otherwise: as it seems to its caller.
    pub(crate) fn usual_effect(&self) -> Effect {
        match self {
            Self::Answer { .. }
            | Self::Error { .. }
            | Self::RateLimit { .. }
            | Self::Drop
            | Self::Garbage => Effect::Never,
            Self::FinchsOwn
            | Self::Omit(_)
            | Self::Cut { .. }
            | Self::Trickle { .. }
            | Self::LengthOffBy(_)
            | Self::Endless => Effect::AtOnce,
        }
    }
}
