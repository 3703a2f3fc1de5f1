//! Failures of the store's key.

use finch_seal::{KeyFileError, ParseKeyError, SealError};

use super::{Exit, Failure};

impl From<KeyFileError> for Failure {
    fn from(error: KeyFileError) -> Self {
        let failure = |kind, message: String| Self::new(Exit::Store, kind, message);
        match &error {
            KeyFileError::Missing { path } => failure(
                "key_missing",
                format!("there is no key for the store: no key file {}", path.display()),
            )
            .help(
                "for a new store, make one with `finch keys init`; for an existing one, give the key \
                 that opens it (--store-key-file PATH, FINCH_STORE_KEY_FILE or FINCH_STORE_KEY)",
            ),
            KeyFileError::Exposed { path, mode } => failure(
                "key_exposed",
                format!("the key file {} is open to others (mode {mode:04o})", path.display()),
            )
            .help(format!(
                "run `chmod 600 {}`; in a container's secret volume, give it mode 0440 and a group of this \
                 process. If others may have read it, rotate it: `finch keys rotate-kek`",
                path.display()
            )),
            KeyFileError::OtherOwner { path, owner, user } => failure(
                "key_other_owner",
                format!("{} belongs to user id {owner}, and this is user id {user}", path.display()),
            )
            .help(format!(
                "run finch as the owner (`sudo -u '#{owner}' finch …`); or give the key file and its folder \
                 to user id {user} (`chown`)"
            )),
            KeyFileError::NotAFile { path } => failure(
                "key_not_a_file",
                format!("the key file {} is not a regular file", path.display()),
            )
            .help("give the path of the file that `finch keys init` made; `-` reads standard input"),
            KeyFileError::Content { path, source } => {
                let failure = failure("key_malformed", format!("the key file {} holds no key", path.display()));
                not_a_key(failure, source)
            }
            KeyFileError::Exists { path } => Self::new(
                Exit::Standing,
                "key_exists",
                format!("the key file {} exists, and is never overwritten", path.display()),
            )
            .help("use it as it is; or choose another path for another store's key (--key-file PATH)"),
            KeyFileError::Write { path, source } => failure(
                "key_not_written",
                format!("the key file {} could not be written", path.display()),
            )
            .because(source)
            .help("check that its folder exists and that this user may write there"),
            KeyFileError::Read { path, source } => failure(
                "key_unreadable",
                format!("the key file {} could not be read", path.display()),
            )
            .because(source)
            .help("check that this user may read it"),
            _ => failure("key_unusable", "the key cannot be used".to_owned()).because(&error),
        }
    }
}

/// A text from somewhere else that is no key.
pub(crate) fn not_a_key(mut failure: Failure, error: &ParseKeyError) -> Failure {
    failure.because.push(match error {
        ParseKeyError::Malformed { length } => {
            format!(
                "it has {length} characters, where a key has 64 hex digits or base64 of 32 bytes"
            )
        }
        ParseKeyError::Empty => "it is empty".to_owned(),
        other => other.to_string(),
    });
    failure.help("give the key that opens the store; `finch keys init` makes the first one")
}

impl From<SealError> for Failure {
    fn from(error: SealError) -> Self {
        Self::new(Exit::Store, "sealing", "the key cannot be used").because(&error)
    }
}
