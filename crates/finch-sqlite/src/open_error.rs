//! Why a store does not open. Nothing was written then.

use std::{
    io,
    path::{Path, PathBuf},
};

use finch_core::{Application, StoreError};
use thiserror::Error;

use crate::{
    error::{Fault, Kind, kind},
    schema::VERSION,
};

/// Why a store does not open, and what to do. A file that is refused is left as it is.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenStoreError {
    /// There is no such file, and none is to be made.
    #[error(
        "there is no store at {path:?}: check the path, or make one by opening it with `create`"
    )]
    Missing {
        /// The path.
        path: PathBuf,
    },
    /// There is no store's file, or one too short for a database, and beside it a log of one. No store is
    /// made or opened there: SQLite would empty the log.
    #[error(
        "there is no store at {path:?}, but beside it is {log:?}, {}: put the store's file back to {path:?}, so that both are together, and open it again; until then no store is made here",
        about_log(*may_hold_tokens)
    )]
    LogWithoutStore {
        /// Where the store's file should be.
        path: PathBuf,
        /// The log, the index of one, or a rollback journal.
        log: PathBuf,
        /// Whether it has content that a store's file may lack.
        may_hold_tokens: bool,
    },
    /// There is no such folder.
    #[error(
        "there is no folder {folder:?}: check the path, or make the folder (`mkdir -p -m 700`)"
    )]
    NoFolder {
        /// The folder.
        folder: PathBuf,
    },
    /// A folder, a FIFO, a socket, a device; as a journal a link, too.
    #[error("{path:?} is not a file: give the path of the store's file itself")]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file has further names (hard links). Opened by another name it would get another log.
    #[error(
        "the store {path:?} has {names} names (hard links), and each would get a log of its own: remove the others (`find FOLDER -samefile FILE` lists them), then open it again"
    )]
    SeveralNames {
        /// One of its paths.
        path: PathBuf,
        /// How many there are.
        names: u64,
    },
    /// The file was mounted by itself, and its log would be in another place.
    #[error(
        "the store {path:?} is mounted without its folder, and its log would stay outside of the mount: mount the folder"
    )]
    MountedAlone {
        /// The path.
        path: PathBuf,
    },
    /// A file or the folder belongs to a user that is neither root nor the process's own.
    #[error(
        "{path:?} belongs to user id {owner}, and this process runs as user id {user}: run it as the owner, or give the file and its folder to user id {user} (`chown`)"
    )]
    OtherOwner {
        /// The file or the folder.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The user id of the process.
        user: u32,
    },
    /// Others may read or write the database or one of its journals.
    #[error("{path:?} is open to others (mode {mode:04o}): run `chmod 600` on it")]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// Others may write to the folder, and so replace the store or its journals.
    #[error(
        "others may write to the folder {folder:?} (mode {mode:04o}): take a folder of your own (`mkdir -m 700`), or `chmod go-w` this one if it is yours alone"
    )]
    FolderExposed {
        /// The folder.
        folder: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file, or its file system, may only be read.
    #[error("the store {path:?} is read-only: make it and its folder writable for this user")]
    ReadOnly {
        /// The path.
        path: PathBuf,
    },
    /// Not a SQLite database.
    #[error(
        "{path:?} is not a database: check the path, or restore a backup if it has been a store"
    )]
    NotADatabase {
        /// The path.
        path: PathBuf,
    },
    /// A SQLite database of something else.
    #[error("{path:?} is a database, but not a store of Finch connections: check the path")]
    NotAStore {
        /// The path.
        path: PathBuf,
    },
    /// Of another version.
    #[error(
        "the store {path:?} has version {found}, and this release knows version {known}: {}",
        about_version(*found, *known)
    )]
    OtherVersion {
        /// The path.
        path: PathBuf,
        /// The version of the file.
        found: i64,
        /// The version that this release knows.
        known: i64,
    },
    /// Its tables, indexes, views or triggers are not those of this release: another program has changed them.
    #[error(
        "the store {path:?} cannot be trusted, since {difference}: undo that change (`sqlite3`) if you know where it comes from, or restore a backup"
    )]
    Schema {
        /// The path.
        path: PathBuf,
        /// What was added, changed or is missing, by name.
        difference: String,
    },
    /// Truncated, or damaged otherwise.
    #[error("the store {path:?} is damaged ({problem}): restore a backup")]
    Corrupt {
        /// The path.
        path: PathBuf,
        /// What is wrong. Nothing of the content.
        problem: String,
    },
    /// Another process holds its lock.
    #[error(
        "the store {path:?} is locked by another process: wait until that has finished, then try again"
    )]
    Busy {
        /// The path.
        path: PathBuf,
    },
    /// The disk is full.
    #[error("there is no room for {path:?}: free some, then try again")]
    Full {
        /// The path.
        path: PathBuf,
    },
    /// Bound to another application, or to the same one at another address.
    #[error(
        "the store {path:?} belongs to {bound}, not to {asked}: check the client id and the base URL, or give another path"
    )]
    OtherApplication {
        /// The path.
        path: PathBuf,
        /// The application of the store.
        bound: Application,
        /// The application that was asked for.
        asked: Application,
    },
    /// The system refused.
    #[error(
        "{path:?} cannot be opened or written: check that this user may read and write it, and its folder"
    )]
    System {
        /// The path.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// SQLite refused.
    #[error(
        "the store {path:?} cannot be opened: check that this user may read and write it, and its folder"
    )]
    Backend {
        /// The path.
        path: PathBuf,
        /// What SQLite says.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

fn about_log(may_hold_tokens: bool) -> &'static str {
    if may_hold_tokens {
        "which may hold the only copy of live tokens"
    } else {
        "which holds no tokens, and can be deleted once no process has the store open"
    }
}

fn about_version(found: i64, known: i64) -> &'static str {
    if found > known {
        "use the release that wrote it, or a newer one"
    } else {
        "no release has written it, so that nothing can be read from it; give another path"
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
        match fault {
            Fault::Broken(problem) => OpenStoreError::Corrupt { path, problem },
            Fault::Sqlite(error) => match kind(&error) {
                Kind::Busy => OpenStoreError::Busy { path },
                Kind::Full => OpenStoreError::Full { path },
                Kind::ReadOnly => OpenStoreError::ReadOnly { path },
                Kind::Corrupt => OpenStoreError::Corrupt { path, problem: error.to_string() },
                Kind::NotADatabase => OpenStoreError::NotADatabase { path },
                Kind::CannotOpen if is_on_a_read_only_file_system(&path) => {
                    OpenStoreError::ReadOnly { path }
                }
                Kind::CannotOpen | Kind::Other => {
                    OpenStoreError::Backend { path, source: Box::new(error) }
                }
            },
            other => OpenStoreError::Backend { path, source: Box::new(StoreError::from(other)) },
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
