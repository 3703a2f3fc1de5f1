//! Failures of the store.

use std::path::Path;

use finch_app::{KeysError, OpenFinchError};
use finch_core::StoreError;
use finch_sqlite::OpenStoreError;

use super::{Exit, Failure};
use crate::words::moment;

impl From<OpenStoreError> for Failure {
    fn from(error: OpenStoreError) -> Self {
        use OpenStoreError as E;
        let (kind, message, help) = match &error {
            E::Missing { path } => (
                "store_missing",
                format!("there is no store at {}", at(path)),
                "check FINCH_STORE or --store; for a new store, `finch keys init` makes its key and \
                 `finch connect` the store"
                    .to_owned(),
            ),
            E::LogWithoutStore { path, log, may_hold_tokens } => (
                "store_log_left",
                format!(
                    "there is no store at {}, but {} is there, which {}",
                    at(path),
                    at(log),
                    if *may_hold_tokens {
                        "may hold the only copy of live tokens"
                    } else {
                        "holds no tokens"
                    }
                ),
                way_to_the_store(path, log, *may_hold_tokens),
            ),
            E::SeveralNames { path, names } => (
                "store_several_names",
                format!("the store {} has {names} names (hard links)", at(path)),
                format!(
                    "remove all names but one, each would get a log of its own; \
                     `find FOLDER -samefile {}` lists them",
                    at(path)
                ),
            ),
            E::MountedAlone { path } => (
                "store_mounted_alone",
                format!("the store {} is mounted without its folder", at(path)),
                "mount the folder of the store, where its log is too".to_owned(),
            ),
            E::OtherOwner { path, owner, user } => (
                "store_other_owner",
                format!("{} belongs to user id {owner}, and this is user id {user}", at(path)),
                format!(
                    "run finch as the owner (`sudo -u '#{owner}' finch …`); or give the store and its \
                     folder to user id {user} (`chown`)"
                ),
            ),
            E::NoFolder { folder } => (
                "store_no_folder",
                format!("there is no folder {} for the store", at(folder)),
                format!("check FINCH_STORE or --store, or run `mkdir -p -m 700 {}`", at(folder)),
            ),
            E::NotAFile { path } => (
                "store_not_a_file",
                format!("{} is not a file", at(path)),
                "give the path of the store's file itself in FINCH_STORE or --store".to_owned(),
            ),
            E::Exposed { path, mode } => (
                "store_exposed",
                format!("{} is open to others (mode {mode:04o})", at(path)),
                format!(
                    "run `chmod 600 {}`; in a container's volume, give its folder to a group of this process",
                    at(path)
                ),
            ),
            E::FolderExposed { folder, mode } => (
                "store_folder_exposed",
                format!("others may write to the store's folder {} (mode {mode:04o})", at(folder)),
                format!("keep the store in a folder of your own (`mkdir -m 700 FOLDER`); or, if {} is yours alone, `chmod go-w` it", at(folder)),
            ),
            E::ReadOnly { path } => (
                "store_read_only",
                format!("the store {} is read-only", at(path)),
                "make the file, its folder and its file system writable for this user".to_owned(),
            ),
            E::NotADatabase { path } => (
                "store_not_a_database",
                format!("{} is not a database", at(path)),
                "check FINCH_STORE or --store; if it has been a store, restore a backup".to_owned(),
            ),
            E::NotAStore { path } => (
                "store_not_a_store",
                format!("{} is a database, but not a store of Finch connections", at(path)),
                "check FINCH_STORE or --store".to_owned(),
            ),
            E::OtherVersion { path, found, known } => (
                "store_other_version",
                format!("the store {} has version {found}, and this finch knows {known}", at(path)),
                "use the release of finch that made it; the store was not touched".to_owned(),
            ),
            E::Schema { path, difference } => (
                "store_schema",
                format!("the store {} cannot be trusted: {difference}", at(path)),
                "undo that change (`sqlite3`) if you know where it comes from, or restore a backup; the \
                 store was not touched"
                    .to_owned(),
            ),
            E::Corrupt { path, problem } => (
                "store_damaged",
                format!("the store {} is damaged: {problem}", at(path)),
                "restore a backup; keep the damaged file, which was not touched".to_owned(),
            ),
            E::Busy { path } => (
                "store_busy",
                format!("the store {} is locked by another process", at(path)),
                "wait until that has finished, then run the same again".to_owned(),
            ),
            E::Full { path } => (
                "store_full",
                format!("there is no room for the store {}", at(path)),
                "free some room on its disk, then run the same again".to_owned(),
            ),
            E::OtherApplication { path, bound, asked } => (
                "store_other_application",
                format!("the store {} belongs to {bound}, not to {asked}", at(path)),
                "check FINCH_CLIENT_ID and FINCH_BASE_URL, or give that application's own store; \
                 nothing was sent"
                    .to_owned(),
            ),
            E::System { path, .. } | E::Backend { path, .. } => (
                "store_unusable",
                format!("the store {} cannot be opened", at(path)),
                "check that this user may read and write it and its folder".to_owned(),
            ),
            _ => ("store_unusable", "the store cannot be opened".to_owned(), String::new()),
        };
        let failure = Self::new(Exit::Store, kind, message).help(help);
        match std::error::Error::source(&error) {
            Some(source) => failure.because(source),
            None => failure,
        }
    }
}

/// How a log and its store come together again.
fn way_to_the_store(path: &Path, log: &Path, may_hold_tokens: bool) -> String {
    let (path, log) = (at(path), at(log));
    let together = format!("put the store's file back to {path}");
    if may_hold_tokens {
        format!(
            "keep {log}, and {together}; if that file is lost, move the log away, keep it, and restore a \
             backup; until then no store is made here"
        )
    } else {
        format!("{together}; or delete {log} once no process has the store open")
    }
}

fn at(path: &Path) -> std::path::Display<'_> {
    path.display()
}

/// A store that failed while it was open, while `doing` something.
pub(crate) fn store_failed(doing: impl Into<String>, error: &StoreError) -> Failure {
    let (kind, help) = match error {
        StoreError::Busy => {
            ("store_busy", "wait until the other process has finished, then run the same again")
        }
        StoreError::Full => {
            ("store_full", "free some room on the store's disk, then run the same again")
        }
        StoreError::ReadOnly => {
            ("store_read_only", "make the store, its folder and its file system writable")
        }
        StoreError::Corrupt(_) => ("store_damaged", "restore a backup; keep the damaged file"),
        StoreError::Unreadable { .. } => (
            "secret_unreadable",
            "restore a backup of the store; if there is none, let the customer connect again \
             (`finch connect --reauthenticate`), and the next disconnect ends both tokens",
        ),
        StoreError::KeysUnavailable(_) => {
            ("keys_unavailable", "check the key source, then run the same again")
        }
        StoreError::Moved | StoreError::OldEpoch => ("store_changed", "run the same again"),
        _ => ("store_failed", "check the store's disk, then run the same again"),
    };
    Failure::new(Exit::Store, kind, doing).because(error).help(help)
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        store_failed("the store failed", &error)
    }
}

impl From<OpenFinchError> for Failure {
    fn from(error: OpenFinchError) -> Self {
        match error {
            OpenFinchError::OtherApplication { store, client } => Self::new(
                Exit::Store,
                "store_other_application",
                format!("the store belongs to {store}, not to {client}"),
            )
            .help("check FINCH_CLIENT_ID and FINCH_BASE_URL; nothing was sent"),
            OpenFinchError::Keys(error) => error.into(),
            OpenFinchError::Http(error) => error.into(),
            OpenFinchError::Store(error) => error.into(),
            other => {
                Self::new(Exit::Store, "store_unusable", "the store cannot be used").because(&other)
            }
        }
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        let failure = |kind, message: String| Self::new(Exit::Store, kind, message);
        match &error {
            KeysError::WrongKey { expected, given } => failure(
                "store_wrong_key",
                format!("the store opens with key {expected}, and key {given} was given"),
            )
            .help(
                "give that key's file, made by `finch keys init` or `finch keys rotate-kek` (--store-key-file \
                 PATH, FINCH_STORE_KEY_FILE or FINCH_STORE_KEY)",
            ),
            KeysError::Replaced { old, new, at } => failure(
                "store_key_replaced",
                format!(
                    "the store does not open with key {old} any more: it was replaced on {}; the store opens \
                     with key {new} now",
                    moment(*at)
                ),
            )
            .help(
                "set FINCH_STORE_KEY_FILE to the file that `finch keys rotate-kek --to` named (or \
                 --store-key-file, FINCH_STORE_KEY), and restart every process that uses the store",
            ),
            KeysError::Store(error) => store_failed("the store's keys cannot be read", error),
            _ => failure("store_keys", "the store's keys cannot be used".to_owned())
                .because(&error)
                .help("restore a backup of the store; keep its key file"),
        }
    }
}
