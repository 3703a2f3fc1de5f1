//! What can go wrong inside, and the one place where it becomes a [`StoreError`].

use std::{fmt, sync::Arc};

use finch_core::StoreError;
use rusqlite::{Error, ErrorCode, ffi};

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
    Sqlite(Arc<Error>),
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

impl Fault {
    /// What is damaged, if that is the cause.
    pub(crate) fn damage(&self) -> Option<String> {
        match StoreError::from(self.clone()) {
            StoreError::Corrupt(what) => Some(what),
            _ => None,
        }
    }

    pub(crate) fn is_full(&self) -> bool {
        matches!(StoreError::from(self.clone()), StoreError::Full)
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
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
            Fault::Sqlite(error) => sqlite(error),
        }
    }
}

pub(crate) fn is_busy(error: &Error) -> bool {
    use ErrorCode::{DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed};
    // The last: no lock of the log's in all of SQLite's own tries.
    let busy = [DatabaseBusy, DatabaseLocked, FileLockingProtocolFailed];
    error.sqlite_error_code().is_some_and(|code| busy.contains(&code))
}

/// SQLite's errors, by what can be done.
fn sqlite(error: Arc<Error>) -> StoreError {
    match &*error {
        Error::SqliteFailure(failure, _) => match (failure.code, failure.extended_code) {
            _ if is_busy(&error) => StoreError::Busy,
            // The last: the shared memory beside the log has no room.
            (ErrorCode::DiskFull, _) | (_, ffi::SQLITE_IOERR_SHMSIZE) => StoreError::Full,
            (_, ffi::SQLITE_READONLY_DBMOVED) => StoreError::Backend(Box::new(error)),
            (ErrorCode::ReadOnly, _) => StoreError::ReadOnly,
            (ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase, _)
            | (_, ffi::SQLITE_IOERR_SHORT_READ) => StoreError::Corrupt(error.to_string()),
            _ => StoreError::Backend(Box::new(error)),
        },
        Error::FromSqlConversionFailure(..)
        | Error::IntegralValueOutOfRange(..)
        | Error::InvalidColumnType(..)
        | Error::Utf8Error(..)
        // All statements are this crate's own: the schema is not.
        | Error::SqlInputError { .. }
        | Error::QueryReturnedNoRows => StoreError::Corrupt(error.to_string()),
        _ => StoreError::Backend(Box::new(error)),
    }
}
