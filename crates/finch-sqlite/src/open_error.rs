//! Why a store does not open. Nothing was written then.

use std::{io, path::PathBuf};

use finch_core::Application;
use finch_seal::{KeyId, SealError};
use thiserror::Error;

use crate::ReplacedKeyError;

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
        "there is no folder {folder:?} for the store: check the path, or make the folder (`mkdir -p -m 700`)"
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
        "{path:?} belongs to user id {owner}, and this process runs as user id {user}: run it as the owner, or give the store and its folder to user id {user} (`chown`)"
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
        "others may write to the folder {folder:?} (mode {mode:04o}): keep the store in a folder of your own (`mkdir -m 700`), or `chmod go-w` this one if it is yours alone"
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
    /// Written by a newer release.
    #[error(
        "the store {path:?} has version {found}, and this release knows {known}: use the newest release"
    )]
    Newer {
        /// The path.
        path: PathBuf,
        /// The version of the file.
        found: i64,
        /// The newest version that this release knows.
        known: usize,
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
    #[error("there is no room for the store {path:?}: free some, then try again")]
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
    /// Sealed with another key.
    #[error(
        "the store {path:?} is sealed with key {expected}, and key {given} was given: give the key that the store was made with"
    )]
    WrongKey {
        /// The path.
        path: PathBuf,
        /// The key of the store, by name.
        expected: KeyId,
        /// The key that was given, by name.
        given: KeyId,
    },
    /// Opened by the key that was given until that was replaced.
    #[error("the store {path:?} opens with another key now")]
    ReplacedKey {
        /// The path.
        path: PathBuf,
        /// Which keys, and since when.
        source: ReplacedKeyError,
    },
    /// The rows with the wrapped keys are gone. A new key would make the rest unreadable for good.
    #[error("the store {path:?} has lost its key rows: restore a backup")]
    NoKeys {
        /// The path.
        path: PathBuf,
    },
    /// The keys do not open, or could not be made.
    #[error("the keys of the store {path:?} cannot be used")]
    Keys {
        /// The path.
        path: PathBuf,
        /// Why.
        source: SealError,
    },
    /// The system refused.
    #[error(
        "the store {path:?} cannot be opened: check that this user may read and write it, and its folder"
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
