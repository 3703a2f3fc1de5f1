//! Failures of a backup and of restoring one.

use finch_app::{KeysError, OpenFinchError};
use finch_sqlite::{BackupError, OpenStoreError, PlaceError, RestoreError};

use super::{Exit, Failure, store_failed};

impl From<BackupError> for Failure {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Place(error) => {
                let exists = matches!(error, PlaceError::Exists { .. });
                let failure = place(error);
                if exists {
                    failure.help("give another path: no backup is overwritten")
                } else {
                    failure
                }
            }
            BackupError::Store(error) => store_failed("the store cannot be backed up", &error),
            other => Self::new(Exit::Store, "backup_failed", "there is no backup").because(&other),
        }
    }
}

impl From<RestoreError> for Failure {
    fn from(error: RestoreError) -> Self {
        match error {
            RestoreError::Place(error) => {
                let exists = matches!(error, PlaceError::Exists { .. });
                let failure = place(error);
                let help = "move it away first, together with the store's file, -wal, -journal and -shm as far as \
                    they are there, and keep them: they may hold tokens that the backup does not; or give \
                    another path in --store";
                if exists { failure.help(help) } else { failure }
            }
            RestoreError::Backup(error) => unusable(error),
            other => {
                Self::new(Exit::Store, "restore_failed", "nothing was restored").because(&other)
            }
        }
    }
}

/// Why the backup cannot be used, in the words for a store's file.
fn unusable(error: OpenStoreError) -> Failure {
    let help = match &error {
        OpenStoreError::Missing { .. } => "check the path of the backup",
        OpenStoreError::Corrupt { .. } | OpenStoreError::NotADatabase { .. } => {
            "take another backup; this one was not changed, and nothing was restored"
        }
        _ => "",
    };
    let kind = match &error {
        OpenStoreError::Missing { .. } => "backup_missing",
        _ => "",
    };
    let store = Failure::from(error);
    let mut failure = Failure::new(
        Exit::Store,
        if kind.is_empty() { store.kind } else { kind },
        "the backup cannot be used",
    );
    if kind.is_empty() {
        failure.because.push(store.message);
    } else {
        failure.because.push("there is no such file".to_owned());
    }
    failure.because.extend(store.because);
    failure.help = if help.is_empty() { store.help } else { help.into() };
    failure
}

/// Why a backup that was copied is of no use: its keys do not open.
pub(crate) fn unusable_backup(error: OpenFinchError) -> Failure {
    let wrong_key = matches!(error, OpenFinchError::Keys(KeysError::WrongKey { .. }));
    let keys = Failure::from(error);
    let mut failure = Failure::new(Exit::Store, keys.kind, "the backup cannot be used");
    failure.because.push(keys.message);
    failure.because.extend(keys.because);
    let help = "give the key that the store had when the backup was made (--store-key-file PATH, \
                FINCH_STORE_KEY_FILE or FINCH_STORE_KEY)";
    failure.help = if wrong_key { help.into() } else { keys.help };
    failure
}

/// Why no file can be put somewhere.
fn place(error: PlaceError) -> Failure {
    use PlaceError as E;
    let error = match error {
        E::Unusable(error) => return error.into(),
        error => error,
    };
    let (exit, kind, help) = match &error {
        E::Exists { .. } => (Exit::Standing, "file_exists", String::new()),
        E::InTheMaking { .. } => {
            (Exit::Store, "in_the_making", "wait until the other process has finished".to_owned())
        }
        _ => {
            (Exit::Store, "not_written", "check that this user may write to its folder".to_owned())
        }
    };
    let message = match &error {
        E::Exists { path } => format!("{} exists, and nothing is overwritten", path.display()),
        E::InTheMaking { path } => format!("another process is writing to {} now", path.display()),
        other => other.to_string(),
    };
    let failure = Failure::new(exit, kind, message).help(help);
    match std::error::Error::source(&error) {
        Some(source) => failure.because(source),
        None => failure,
    }
}
