//! What can go wrong inside, and the one place where it becomes a [`StoreError`].

use std::{fmt, sync::Arc};

use finch_core::StoreError;
use rusqlite::ErrorCode;

/// An error inside this crate.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// What was decided on no longer holds.
    Moved,
    /// A secret is sealed with a data key that is not in use.
    OldEpoch,
    /// A row contradicts itself or the schema. The text names the row, and repeats nothing of it.
    Broken(String),
    /// The store was empty, and was bound to another application after it was opened.
    BoundToAnother,
    /// The thread that writes is gone.
    Stopped,
    /// SQLite failed. Shared, since one failed commit is the answer to many.
    Sqlite(Arc<rusqlite::Error>),
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// A row that contradicts itself: `what` names the row and the column.
pub(crate) fn broken(what: impl fmt::Display) -> Fault {
    Fault::Broken(format!("{what} cannot be read"))
}

/// Requires that columns agree: `what` names them.
pub(crate) fn require(agree: bool, what: impl fmt::Display) -> Result<()> {
    if agree { Ok(()) } else { Err(Fault::Broken(format!("{what} contradict each other"))) }
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(Arc::new(error))
    }
}

impl From<Fault> for StoreError {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Moved => Self::Moved,
            Fault::OldEpoch => Self::OldEpoch,
            Fault::Broken(what) => Self::Corrupt(what),
            Fault::BoundToAnother => Self::Backend(
                "the store was bound to another application since it was opened: check the client id and \
                 the base URL, then open it again"
                    .into(),
            ),
            Fault::Stopped => {
                Self::Backend("the thread that writes has stopped: open the store again".into())
            }
            Fault::Sqlite(error) => match kind(&error) {
                Kind::Busy => Self::Busy,
                Kind::Full => Self::Full,
                Kind::ReadOnly => Self::ReadOnly,
                Kind::Corrupt => Self::Corrupt(error.to_string()),
                Kind::NotADatabase => Self::Corrupt("it is no database any more".to_owned()),
                Kind::CannotOpen | Kind::Other => Self::Backend(Box::new(error)),
            },
        }
    }
}

/// SQLite's errors, by what can be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Busy,
    Full,
    ReadOnly,
    Corrupt,
    NotADatabase,
    CannotOpen,
    Other,
}

/// What an error of SQLite's means.
pub(crate) fn kind(error: &rusqlite::Error) -> Kind {
    use rusqlite::{Error as E, ffi};
    let E::SqliteFailure(failure, _) = error else {
        return match error {
            E::FromSqlConversionFailure(..)
            | E::IntegralValueOutOfRange(..)
            | E::InvalidColumnType(..)
            | E::Utf8Error(..)
            // All statements are this crate's own: the schema is not.
            | E::SqlInputError { .. }
            | E::QueryReturnedNoRows => Kind::Corrupt,
            _ => Kind::Other,
        };
    };
    match failure.code {
        // The last: no lock of the log's in all of SQLite's own tries.
        ErrorCode::DatabaseBusy
        | ErrorCode::DatabaseLocked
        | ErrorCode::FileLockingProtocolFailed => Kind::Busy,
        ErrorCode::DiskFull => Kind::Full,
        ErrorCode::ReadOnly if failure.extended_code == ffi::SQLITE_READONLY_DBMOVED => Kind::Other,
        ErrorCode::ReadOnly => Kind::ReadOnly,
        ErrorCode::DatabaseCorrupt => Kind::Corrupt,
        ErrorCode::NotADatabase => Kind::NotADatabase,
        ErrorCode::CannotOpen => Kind::CannotOpen,
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHORT_READ => {
            Kind::Corrupt
        }
        // The shared memory beside the log has no room.
        ErrorCode::SystemIoFailure if failure.extended_code == ffi::SQLITE_IOERR_SHMSIZE => {
            Kind::Full
        }
        _ => Kind::Other,
    }
}
