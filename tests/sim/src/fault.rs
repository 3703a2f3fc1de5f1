//! What goes wrong with a call, by the scheduler's choice.

use std::time::Duration;

use finch_core::{Answer, FinchApiError, StoreError};

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    /// The store is busy; nothing happened.
    Busy,
    /// The store is full; nothing happened.
    Full,
    /// An I/O error; nothing happened.
    Io,
    /// An I/O error after the commit: it happened, and nobody is told.
    IoAfter,
    /// The secret has no bytes, until the store is repaired.
    Unreadable,
    /// No connection was made.
    NotConnected,
    /// This status, without effect.
    Status(u16),
    /// A 401 in Finch's shape with this word, without effect.
    Word(&'static str),
    /// A proxy's 401.
    Page401,
    /// A success that cannot be read, without effect.
    Garbage,
    /// It took effect; the answer is lost.
    Lost,
    /// It took effect; the answer is this status.
    StatusAfter(u16),
    /// It took effect; the answer cannot be read.
    GarbageAfter,
    /// Finch answers success, and nothing happened.
    Lie,
    /// Finch answers success, and it takes effect so many seconds later.
    LieLate(u16),
    /// No answer, and it takes effect so many seconds later.
    Late(u16),
}

/// Words of a 401 that say nothing about whether the token is dead.
pub(crate) const OTHER_401: [&str; 5] = [
    "reauthenticate_user",
    "account_setup_required",
    "invalid_client",
    "unauthorized_request",
    "no_valid_accounts",
];

impl Fault {
    /// Its name, for counting.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Busy => "busy",
            Self::Full => "full",
            Self::Io => "I/O error",
            Self::IoAfter => "I/O error after the commit",
            Self::Unreadable => "unreadable secret",
            Self::NotConnected => "not connected",
            Self::Status(402) => "402",
            Self::Status(429) => "429",
            Self::Status(_) => "5xx",
            Self::Word("something_new") => "401 of an unknown meaning",
            Self::Word(_) => "401 of another meaning",
            Self::Page401 => "401 of a proxy",
            Self::Garbage => "garbage",
            Self::Lost => "lost after its effect",
            Self::StatusAfter(_) => "5xx after its effect",
            Self::GarbageAfter => "garbage after its effect",
            Self::Lie => "lying success",
            Self::LieLate(_) => "success that takes effect late",
            Self::Late(_) => "no answer, effect late",
        }
    }

    /// Whether Finch certainly did not look at the request.
    pub(crate) fn is_unseen(self) -> bool {
        matches!(self, Self::NotConnected | Self::Status(402 | 429))
    }

    /// The store's error.
    pub(crate) fn store_error(self) -> StoreError {
        match self {
            Self::Busy => StoreError::Busy,
            Self::Full => StoreError::Full,
            _ => StoreError::Backend("an injected I/O error".into()),
        }
    }

    /// Finch's refusal of a code.
    pub(crate) fn refuses_the_code() -> FinchApiError {
        let name = Some("invalid_grant".to_owned());
        Answer { status: 400, finch_shaped: true, name, ..Answer::default() }.into_error()
    }

    /// Finch's error, for those that are one.
    pub(crate) fn finch_error(self) -> FinchApiError {
        let answer = |status, name: Option<&str>| Answer {
            status,
            finch_shaped: name.is_some(),
            name: name.map(str::to_owned),
            retry_after: (status == 429).then_some(Duration::from_secs(20)),
            ..Answer::default()
        };
        match self {
            Self::NotConnected => {
                FinchApiError::NoAnswer { problem: "refused".into(), sent: false }
            }
            Self::Status(status) | Self::StatusAfter(status) => {
                answer(status, Some("an_error")).into_error()
            }
            Self::Word(word) => answer(401, Some(word)).into_error(),
            Self::Page401 => answer(401, None).into_error(),
            Self::Garbage | Self::GarbageAfter => FinchApiError::Unreadable {
                problem: "it is not a JSON object".into(),
                answer: Some(Box::new(answer(200, None))),
            },
            _ => FinchApiError::NoAnswer { problem: "lost".into(), sent: true },
        }
    }
}
