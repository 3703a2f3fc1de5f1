//! What can go wrong: inside, where it becomes a [`StoreError`] in one place, and with a store's file.

use std::{
    borrow::Cow,
    fmt, io,
    path::{Path, PathBuf},
    sync::Arc,
};

use finch_core::{Actionable, Advice, Application, ErrorKind, StoreError};
use finch_seal::access::{AccessError, folder_of};
use rusqlite::{Error, ErrorCode, ffi};
use rustix::fs::{StatVfsMountFlags, statvfs};

/// Why a store's file cannot be opened, made, copied or restored. A file that is refused is left as it is.
#[derive(Debug, thiserror::Error)]
#[error("{}: {problem}", path.display())]
#[non_exhaustive]
pub struct StoreFileError {
    /// The file or folder.
    pub path: PathBuf,
    /// What is wrong with it.
    pub problem: StoreProblem,
    source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is wrong with the file of a store, a backup, or their folder.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each problem says what its fields are")]
pub enum StoreProblem {
    #[error("there is no store")]
    Missing,
    #[error("there is no backup")]
    NoBackup,
    /// There is no store's file, or one too short for a database, and beside it a log of one. No store is
    /// made or opened there: SQLite would empty the log.
    #[error(
        "there is no store, but its log {} is there, which {}",
        log.display(),
        if *may_hold_tokens { "may hold the only copy of live tokens" } else { "holds no tokens" }
    )]
    LogWithoutStore { log: PathBuf, may_hold_tokens: bool },
    #[error("there is no such folder")]
    NoFolder,
    /// A folder, a FIFO, a socket, a device; as a journal a link, too.
    #[error("this is not a file")]
    NotAFile,
    #[error("the file has {names} names (hard links), and each would get a log of its own")]
    SeveralNames { names: u64 },
    #[error("the file is mounted without its folder, and its log would stay outside of the mount")]
    MountedAlone,
    #[error("{0}")]
    Access(AccessError),
    /// Other users could replace the store or its journals.
    #[error("others may write to the store's folder (mode {mode:04o})")]
    FolderExposed { mode: u32 },
    #[error("the store is read-only")]
    ReadOnly,
    #[error("this is not a store of Finch connections")]
    NotAStore,
    #[error("the store has version {found}, and this release knows version {known}")]
    OtherVersion { found: i64, known: i64 },
    /// Its tables, indexes, views or triggers are not those of this release.
    #[error("the store cannot be trusted: {0}")]
    Schema(String),
    #[error("the store is damaged: {0}")]
    Corrupt(String),
    /// A new file was to get this name, and something has it, or a journal of what had it is there.
    #[error("the file exists, and nothing is overwritten")]
    Exists,
    #[error("the store is locked by another process")]
    Busy,
    #[error("there is no space on the disk")]
    Full,
    /// Bound to another application, or to the same one at another address.
    #[error("the store belongs to {bound}, not to {asked}")]
    OtherApplication { bound: Application, asked: Application },
    /// The source says why.
    #[error("it cannot be opened, read or written")]
    System,
}

impl StoreProblem {
    /// The error about this file or folder.
    pub fn at(self, path: impl Into<PathBuf>) -> StoreFileError {
        StoreFileError { path: path.into(), problem: self, source: None }
    }
}

impl StoreFileError {
    pub(crate) fn io(path: &Path, error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::AlreadyExists => StoreProblem::Exists.at(path),
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                StoreProblem::Full.at(path)
            }
            io::ErrorKind::ReadOnlyFilesystem => StoreProblem::ReadOnly.at(path),
            _ => Self { source: Some(Box::new(error)), ..StoreProblem::System.at(path) },
        }
    }
}

impl Actionable for StoreFileError {
    fn advice(&self) -> Advice {
        let kind = match self.problem {
            StoreProblem::Exists => ErrorKind::State,
            _ => ErrorKind::Store,
        };
        let is_retryable = matches!(self.problem, StoreProblem::Busy | StoreProblem::Full);
        Advice {
            kind,
            code: self.problem.code(),
            is_retryable,
            next_step: self.problem.step(&self.path),
        }
    }
}

impl StoreProblem {
    fn code(&self) -> &'static str {
        match self {
            Self::Missing => "store_missing",
            Self::NoBackup => "backup_missing",
            Self::LogWithoutStore { .. } => "store_log_left",
            Self::NoFolder => "store_no_folder",
            Self::NotAFile => "store_not_a_file",
            Self::SeveralNames { .. } => "store_several_names",
            Self::MountedAlone => "store_mounted_alone",
            Self::Access(AccessError::OtherOwner { .. }) => "store_other_owner",
            Self::Access(AccessError::Exposed(_)) => "store_exposed",
            Self::FolderExposed { .. } => "store_folder_exposed",
            Self::ReadOnly => "store_read_only",
            Self::NotAStore => "store_not_a_store",
            Self::OtherVersion { .. } => "store_other_version",
            Self::Schema(_) => "store_schema",
            Self::Corrupt(_) => "store_damaged",
            Self::Exists => "file_exists",
            Self::Busy => "store_busy",
            Self::Full => "store_full",
            Self::OtherApplication { .. } => "store_other_application",
            Self::System => "store_unusable",
        }
    }

    fn step(&self, path: &Path) -> Cow<'static, str> {
        let path = path.display();
        let fixed = match self {
            Self::LogWithoutStore { log, may_hold_tokens } => {
                let lost = match may_hold_tokens {
                    true => "if that is lost, keep the log elsewhere and restore a backup",
                    false => "or delete the log once no process has the store open",
                };
                return format!("put the store's file back beside {}; {lost}", log.display()).into();
            }
            Self::NoFolder => return format!("check the path, or run `mkdir -p -m 700 {path}`").into(),
            Self::SeveralNames { .. } => {
                return format!("remove all names but one; `find FOLDER -samefile {path}` lists them").into();
            }
            Self::Access(AccessError::OtherOwner { owner, user }) => return format!(
                "run as the owner (`sudo -u '#{owner}' …`), or `chown` the store and its folder to user id {user}"
            )
            .into(),
            Self::Access(AccessError::Exposed(_)) => return format!(
                "run `chmod 600 {path}`; in a container's volume, give its folder to a group of this process"
            )
            .into(),
            Self::FolderExposed { .. } => return format!(
                "keep the store in a folder of your own, or run `chmod go-w {path}` if it is yours alone"
            )
            .into(),
            Self::Missing => "check the path of the store; a new store is made by the first connect",
            Self::NoBackup => "check the path of the backup",
            Self::NotAFile => "give the path of the store's file itself",
            Self::MountedAlone => "mount the store's folder",
            Self::ReadOnly => "make the file, its folder and its file system writable for this user",
            Self::NotAStore => "check the path; if it was a store or a backup, restore another backup",
            Self::OtherVersion { .. } => "use the release that wrote the store, or a newer one",
            Self::Schema(_) => "undo that change if you know where it comes from, or restore a backup",
            Self::Corrupt(_) => "keep the file, which was not changed, and restore another backup",
            Self::Exists => {
                "give another path; or move the file away, a store together with its -wal, -journal and -shm, and \
                 keep it: it may hold tokens that a backup does not"
            }
            Self::Busy => "wait until the other process has finished, then try again",
            Self::Full => "free space on the disk, then try again",
            Self::OtherApplication { .. } => {
                "check the client id and the base URL, or give that application's own store; nothing was sent"
            }
            Self::System => "check that this user may read and write the store and its folder",
        };
        fixed.into()
    }
}

/// An error inside this crate.
#[derive(Clone, Debug)]
pub(crate) enum Fault {
    /// What was decided on no longer holds.
    Moved,
    /// A secret is sealed with a data key that is not in use.
    OldEpoch,
    /// A row contradicts itself or the schema. The text names the row, and repeats nothing of it.
    Broken(String),
    /// The store has to be opened again: why.
    Closed(&'static str),
    /// The file is no store that may be opened.
    Refused(StoreProblem),
    /// SQLite failed. Shared, since one failed commit is the answer to many.
    Sqlite(Arc<Error>),
}

pub(crate) type Result<T, E = Fault> = std::result::Result<T, E>;

/// The thread that was to answer is gone.
pub(crate) const STOPPED: Fault = Fault::Closed("its thread has stopped");

/// A row that contradicts itself: `what` names the row and the column.
pub(crate) fn broken(what: impl fmt::Display) -> Fault {
    Fault::Broken(format!("{what} cannot be read"))
}

impl Fault {
    /// What is damaged, if that is the cause.
    pub(crate) fn damage(&self) -> Option<String> {
        match StoreError::from(self.clone()) {
            StoreError::Corrupt(what) => Some(what),
            _ => None,
        }
    }

    /// The error of copying one file to another, about the one that it belongs to.
    pub(crate) fn between(self, from: &Path, to: &Path) -> StoreFileError {
        match self.at(from) {
            full if full.problem == StoreProblem::Full => full.problem.at(to),
            error => error,
        }
    }

    /// The error about this file.
    pub(crate) fn at(self, path: &Path) -> StoreFileError {
        let code = match &self {
            Self::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        let problem = match (self, code) {
            (Self::Refused(problem), _) => problem,
            (_, Some(ErrorCode::NotADatabase)) => StoreProblem::NotAStore,
            // SQLite cannot make its log there, and says only that it cannot open it.
            (_, Some(ErrorCode::CannotOpen)) if is_on_a_read_only_file_system(path) => {
                StoreProblem::ReadOnly
            }
            (fault, _) => match fault.into() {
                StoreError::Busy => StoreProblem::Busy,
                StoreError::Full => StoreProblem::Full,
                StoreError::ReadOnly => StoreProblem::ReadOnly,
                StoreError::Corrupt(what) => StoreProblem::Corrupt(what),
                StoreError::Backend(source) => {
                    return StoreFileError {
                        source: Some(source),
                        ..StoreProblem::System.at(path)
                    };
                }
                _ => StoreProblem::System,
            },
        };
        problem.at(path)
    }
}

fn is_on_a_read_only_file_system(path: &Path) -> bool {
    statvfs(folder_of(path)).is_ok_and(|found| found.f_flag.contains(StatVfsMountFlags::RDONLY))
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
            Fault::Closed(why) => Self::Backend(format!("{why}: open the store again").into()),
            Fault::Refused(problem) => Self::Backend(problem.into()),
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
