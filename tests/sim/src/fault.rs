//! What goes wrong with a call, by the scheduler's choice.

use finch_core::StoreError;
use serde_json::json;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Busy,
    Full,
    /// An I/O error; nothing happened.
    Io,
    /// An I/O error after the commit: it happened, and the caller gets an error.
    IoAfter,
    /// The secret has no bytes, until the store is repaired.
    Unreadable,
    NotConnected,
    /// This status, without effect.
    Status(u16),
    /// A 401 in Finch's shape with this word, without effect.
    Word(&'static str),
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

    pub(crate) fn store_error(self) -> StoreError {
        match self {
            Self::Busy => StoreError::Busy,
            Self::Full => StoreError::Full,
            _ => StoreError::Backend("an injected I/O error".into()),
        }
    }

    /// Whether the request takes effect although the answer does not say so.
    pub(crate) fn is_after_effect(self) -> bool {
        matches!(self, Self::Lost | Self::StatusAfter(_) | Self::GarbageAfter)
    }

    pub(crate) fn is_success(self) -> bool {
        matches!(self, Self::Lie | Self::LieLate(_))
    }

    /// What Finch answers, without effect.
    pub(crate) fn of_emulator(self, path: &str) -> finch_emulator::Fault {
        let fault = finch_emulator::Fault::on(path);
        match self {
            Self::Status(429) => fault.rate_limit(Some(20)),
            Self::Status(status) | Self::StatusAfter(status) => fault.status(status),
            Self::Word(word) => {
                fault.status_with(401, json!({ "code": 401, "name": word, "message": "no" }))
            }
            Self::Page401 => fault.status_with(401, "<html>Sign in</html>"),
            Self::Garbage | Self::GarbageAfter => fault.garbage(),
            Self::Lie | Self::LieLate(_) => fault.lie(),
            _ => fault.drop_before_effect(),
        }
    }
}
