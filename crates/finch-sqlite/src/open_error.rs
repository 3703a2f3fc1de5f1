//! Why a store does not open, and what to do. Nothing was written then.

use std::{
    error::Error,
    io,
    path::{Path, PathBuf},
};

use finch_core::{Actionable, Advice, Application, ErrorKind, StoreError};
use rusqlite::ErrorCode;
use thiserror::Error;

use crate::{error::Fault, schema::VERSION};

/// Why a store does not open. A file that is refused is left as it is.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each error says what its fields are")]
pub enum OpenStoreError {
    #[error("there is no store at {path}")]
    Missing { path: PathBuf },
    /// There is no store's file, or one too short for a database, and beside it a log of one. No store is
    /// made or opened there: SQLite would empty the log.
    #[error(
        "there is no store at {path}, but its log {log} is there, which {}",
        if *may_hold_tokens { "may hold the only copy of live tokens" } else { "holds no tokens" }
    )]
    LogWithoutStore { path: PathBuf, log: PathBuf, may_hold_tokens: bool },
    #[error("there is no folder {folder} for the store")]
    NoFolder { folder: PathBuf },
    /// A folder, a FIFO, a socket, a device; as a journal a link, too.
    #[error("{path} is not a file")]
    NotAFile { path: PathBuf },
    /// The file has further names (hard links). Opened by another name it would get another log.
    #[error("the store {path} has {names} names (hard links), and each would get a log of its own")]
    SeveralNames { path: PathBuf, names: u64 },
    /// The file was mounted by itself, and its log would be in another place.
    #[error(
        "the store {path} is mounted without its folder, and its log would stay outside of the mount"
    )]
    MountedAlone { path: PathBuf },
    #[error("{path} belongs to user id {owner}, and this process runs as user id {user}")]
    OtherOwner { path: PathBuf, owner: u32, user: u32 },
    #[error("{path} is open to others (mode {mode:04o})")]
    Exposed { path: PathBuf, mode: u32 },
    /// Others may write to the folder, and so replace the store or its journals.
    #[error("others may write to the store's folder {folder} (mode {mode:04o})")]
    FolderExposed { folder: PathBuf, mode: u32 },
    #[error("the store {path} is read-only")]
    ReadOnly { path: PathBuf },
    /// No SQLite database, or that of another program.
    #[error("{path} is not a store of Finch connections")]
    NotAStore { path: PathBuf },
    #[error("the store {path} has version {found}, and this release knows version {known}")]
    OtherVersion { path: PathBuf, found: i64, known: i64 },
    /// Its tables, indexes, views or triggers are not those of this release: another program has changed them.
    #[error("the store {path} cannot be trusted: {difference}")]
    Schema { path: PathBuf, difference: String },
    #[error("the store {path} is damaged: {problem}")]
    Corrupt { path: PathBuf, problem: String },
    /// A new file was to get this name, and something has it already, or a journal of what had it is there.
    #[error("{path} exists, and nothing is overwritten")]
    Exists { path: PathBuf },
    /// Another process holds its lock, or makes a file of this name now.
    #[error("the store {path} is locked by another process")]
    Busy { path: PathBuf },
    #[error("there is no space on the disk for the store {path}")]
    Full { path: PathBuf },
    /// Bound to another application, or to the same one at another address.
    #[error("the store {path} belongs to {bound}, not to {asked}")]
    OtherApplication { path: PathBuf, bound: Application, asked: Application },
    #[error("{path} cannot be opened or written")]
    System { path: PathBuf, source: Box<dyn Error + Send + Sync> },
}

impl OpenStoreError {
    pub(crate) fn system(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        match source.kind() {
            io::ErrorKind::AlreadyExists => Self::Exists { path },
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::Full { path },
            io::ErrorKind::ReadOnlyFilesystem => Self::ReadOnly { path },
            _ => Self::System { path, source: Box::new(source) },
        }
    }
}

impl Actionable for OpenStoreError {
    fn advice(&self) -> Advice {
        let step = |code, step: &str| Advice::new(ErrorKind::Store, code, step.to_owned());
        match self {
            Self::Missing { .. } => step(
                "store_missing",
                "check the path of the store; a new store is made by the first connect",
            ),
            Self::LogWithoutStore { path, log, may_hold_tokens } => {
                step("store_log_left", &unite(path, log, *may_hold_tokens))
            }
            Self::NoFolder { folder } => step(
                "store_no_folder",
                &format!("check the path, or run `mkdir -p -m 700 {}`", folder.display()),
            ),
            Self::NotAFile { .. } => {
                step("store_not_a_file", "give the path of the store's file itself")
            }
            Self::SeveralNames { path, .. } => step(
                "store_several_names",
                &format!(
                    "remove all names but one; `find FOLDER -samefile {}` lists them",
                    path.display()
                ),
            ),
            Self::MountedAlone { .. } => step("store_mounted_alone", "mount the store's folder"),
            Self::OtherOwner { owner, user, .. } => step(
                "store_other_owner",
                &format!(
                    "run as the owner (`sudo -u '#{owner}' …`), or give the store and its folder to user id \
                     {user} (`chown`)"
                ),
            ),
            Self::Exposed { path, .. } => step(
                "store_exposed",
                &format!(
                    "run `chmod 600 {}`; in a container's volume, give its folder to a group of this process",
                    path.display()
                ),
            ),
            Self::FolderExposed { folder, .. } => step(
                "store_folder_exposed",
                &format!(
                    "keep the store in a folder of your own (`mkdir -m 700`); or, if {0} is yours alone, run \
                     `chmod go-w {0}`",
                    folder.display()
                ),
            ),
            Self::ReadOnly { .. } => step(
                "store_read_only",
                "make the file, its folder and its file system writable for this user",
            ),
            Self::NotAStore { .. } => step(
                "store_not_a_store",
                "check the path; if the file was a store, restore a backup",
            ),
            Self::OtherVersion { found, known, .. } if found > known => step(
                "store_other_version",
                "use the release that wrote the store, or a newer one; the store was not changed",
            ),
            Self::OtherVersion { .. } => step(
                "store_other_version",
                "give another path: no release has written this version; the store was not changed",
            ),
            Self::Schema { .. } => step(
                "store_schema",
                "undo that change (`sqlite3`) if you know where it comes from, or restore a backup; the \
                 store was not changed",
            ),
            Self::Corrupt { .. } => step(
                "store_damaged",
                "restore a backup, and keep the damaged file, which was not changed",
            ),
            Self::Exists { .. } => Advice::new(
                ErrorKind::State,
                "file_exists",
                "give another path; or move the file away first, a store together with its -wal, -journal and \
                 -shm, and keep it: it may hold tokens that a backup does not",
            ),
            Self::Busy { .. } => Advice::retry(
                ErrorKind::Store,
                "store_busy",
                "wait until the other process has finished, then try again",
            ),
            Self::Full { .. } => Advice::retry(
                ErrorKind::Store,
                "store_full",
                "free space on the disk, then try again",
            ),
            Self::OtherApplication { .. } => step(
                "store_other_application",
                "check the client id and the base URL, or give that application's own store; nothing was sent",
            ),
            Self::System { .. } => step(
                "store_unusable",
                "check that this user may read and write the store and its folder",
            ),
        }
    }
}

/// How a log and its store come together again.
fn unite(path: &Path, log: &Path, may_hold_tokens: bool) -> String {
    let (path, log) = (path.display(), log.display());
    if may_hold_tokens {
        format!(
            "keep {log}, and put the store's file back to {path}; if that file is lost, move the log away, \
             keep it, and restore a backup; until then no store is made here"
        )
    } else {
        format!(
            "put the store's file back to {path}; or delete {log} once no process has the store open"
        )
    }
}

/// Why not, before the path is known.
#[derive(Debug)]
pub(crate) enum Refusal {
    NotAStore,
    OtherVersion(i64),
    Schema(String),
    OtherApplication { bound: Application, asked: Application },
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

impl Refusal {
    pub(crate) fn into_error(self, path: &Path) -> OpenStoreError {
        let path = path.to_owned();
        let fault = match self {
            Self::NotAStore => return OpenStoreError::NotAStore { path },
            Self::OtherVersion(found) => {
                return OpenStoreError::OtherVersion { path, found, known: VERSION };
            }
            Self::Schema(difference) => return OpenStoreError::Schema { path, difference },
            Self::OtherApplication { bound, asked } => {
                return OpenStoreError::OtherApplication { path, bound, asked };
            }
            Self::Fault(fault) => fault,
        };
        let code = match &fault {
            Fault::Sqlite(error) => error.sqlite_error_code(),
            _ => None,
        };
        match (StoreError::from(fault), code) {
            (_, Some(ErrorCode::NotADatabase)) => OpenStoreError::NotAStore { path },
            (_, Some(ErrorCode::CannotOpen)) if is_on_a_read_only_file_system(&path) => {
                OpenStoreError::ReadOnly { path }
            }
            (StoreError::Busy, _) => OpenStoreError::Busy { path },
            (StoreError::Full, _) => OpenStoreError::Full { path },
            (StoreError::ReadOnly, _) => OpenStoreError::ReadOnly { path },
            (StoreError::Corrupt(problem), _) => OpenStoreError::Corrupt { path, problem },
            (StoreError::Backend(source), _) => OpenStoreError::System { path, source },
            (other, _) => OpenStoreError::System { path, source: Box::new(other) },
        }
    }
}

/// Whether no file can be made beside `path` because its file system takes none. SQLite needs one for
/// its log, and says only that it cannot open it.
fn is_on_a_read_only_file_system(path: &Path) -> bool {
    let probe = path.with_extension(format!("probe-{}", std::process::id()));
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            drop(std::fs::remove_file(probe));
            false
        }
        Err(error) => error.kind() == io::ErrorKind::ReadOnlyFilesystem,
    }
}
