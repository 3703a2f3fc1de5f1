//! What can go wrong, and what to do. No message carries a key, a plaintext or a text that should be a key.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::KeyId;
use crate::access::AccessError;

/// Why a token or a key ring could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key source holds another key than the one that the key ring is wrapped with.
    #[error("the key ring is wrapped with key {expected}, and key {given} was given")]
    WrongKey {
        /// The key that wrapped the key ring.
        expected: KeyId,
        /// The key of the source.
        given: KeyId,
    },
    /// The right key, but the key ring does not open or its parts don't belong together.
    #[error("the key ring was changed, or belongs to another store")]
    BrokenKeys,
    /// A newer release wrote the key ring.
    #[error("the key ring has format version {0}, unknown to this release")]
    UnknownKeyRingVersion(u32),
    /// The blob was changed, or is not where it was sealed for.
    #[error("a sealed token was changed, or moved out of its row")]
    Tampered,
    /// The blob is shorter than any blob can be.
    #[error("a sealed token is cut short")]
    Truncated,
    /// The blob has a format version that this release does not know.
    #[error("a sealed token has format version {0}, unknown to this release")]
    UnknownVersion(u8),
    /// The blob names an algorithm that this release does not know.
    #[error("a sealed token uses algorithm {0}, unknown to this release")]
    UnknownAlgorithm(u8),
    /// The blob names a data key that this ring does not hold: a rotation may have added or destroyed it.
    #[error("a sealed token belongs to key epoch {0}, which the key ring does not hold")]
    UnknownEpoch(u32),
    /// The key source could not be reached, or refused.
    #[error("the key source failed")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The cryptographic library failed: no randomness, or no memory.
    #[error("the cryptographic library failed")]
    Crypto,
}

impl SealError {
    /// Whether the same call may succeed later without a change by anyone.
    pub fn is_retryable(&self) -> bool {
        matches!(self, Self::Source(_) | Self::Crypto)
    }

    /// What a person does now, as part of a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::WrongKey { .. } => "give the key that the key ring is wrapped with",
            Self::BrokenKeys => "restore a backup of the store, and keep its key file",
            Self::UnknownKeyRingVersion(_)
            | Self::UnknownVersion(_)
            | Self::UnknownAlgorithm(_) => "use the newest release",
            Self::Tampered | Self::Truncated => "restore a backup of the store",
            Self::UnknownEpoch(_) => {
                "read the key ring again; if that does not help, restore a backup of the store"
            }
            Self::Source(_) => {
                "check that the key source can be reached and may be used, then try again"
            }
            Self::Crypto => "check the system's memory, then try again",
        }
    }
}

/// Why a text is not a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseKeyError {
    /// There is nothing but white space.
    #[error("the key is empty")]
    Empty,
    /// White space or a line break between its characters.
    #[error("the key is broken by white space or a line break")]
    Broken,
    /// Quotation marks around it.
    #[error("the key has quotation marks around it")]
    Quoted,
    /// As long as a key, with digits that a key does not have.
    #[error(
        "this is as long as a key, but is not one: a key has 64 hex digits or base64 of 32 bytes"
    )]
    Digits,
    /// Raw bytes, or text that is not UTF-8.
    #[error("the key is not UTF-8 text")]
    NotText,
    /// Not as long as a key.
    #[error(
        "this is not a key: it has {length} characters, and a key has 64 hex digits or base64 of 32 bytes"
    )]
    Malformed {
        /// How many characters there are.
        length: usize,
    },
}

impl ParseKeyError {
    /// What a person does now, as part of a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Broken => "give its 64 hex digits, or base64 of 32 bytes, in one piece",
            Self::Quoted => "give the key without the quotation marks",
            _ => "give the key that opens the store; `finch keys init` makes the first one",
        }
    }
}

/// Why a key could not be read from a keyring or put into it; where an entry is meant, with its name. It never carries
/// what the keyring holds, which errors of `keyring-core` may.
#[cfg(feature = "keyring")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The keyring has no such entry.
    #[error("the keyring has no entry {0}")]
    Missing(String),
    /// Several entries have these names.
    #[error("the keyring has several entries {0}")]
    Ambiguous(String),
    /// The entry holds no key.
    #[error("the keyring's entry {0} holds no key")]
    Content(String, #[source] ParseKeyError),
    /// The entry exists, and is never overwritten.
    #[error("the keyring has an entry {0}, which is never overwritten")]
    Exists(String),
    /// The keyring could not be reached, is locked, or refused.
    #[error("the keyring failed")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// This release knows no keyring of the operating system.
    #[error("no keyring is known for this operating system")]
    Unsupported,
}

#[cfg(feature = "keyring")]
impl KeyringError {
    /// What a person does now, as part of a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::Missing(..) => "put the key there that the store was made with",
            Self::Ambiguous(..) => "leave one",
            Self::Content(.., source) => source.next_step(),
            Self::Exists(..) => {
                "use it, or name another entry: what the old key sealed could not be opened again"
            }
            Self::Failed(_) => "check that the keyring is running and unlocked for this user",
            Self::Unsupported => "give a store of your own",
        }
    }
}

/// Why the key file at a path could not be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is no such file.
    #[error("there is no key file {0}")]
    Missing(PathBuf),
    /// Others may use the file, or they own it or its folder.
    #[error("{0} cannot hold a key: {1}")]
    Access(PathBuf, AccessError),
    /// A folder, a FIFO, a socket, a device.
    #[error("the key file {0} is not a regular file")]
    NotAFile(PathBuf),
    /// The file holds no key.
    #[error("the key file {0} holds no key")]
    Content(PathBuf, #[source] ParseKeyError),
    /// The file exists, and a key file is never overwritten.
    #[error("the key file {0} exists, and is never overwritten")]
    Exists(PathBuf),
    /// Reading failed.
    #[error("the key file {0} could not be read")]
    Read(PathBuf, #[source] io::Error),
    /// Writing failed; there is no new key file.
    #[error("the key file {0} could not be written")]
    Write(PathBuf, #[source] io::Error),
}

impl KeyFileError {
    /// The name of this error for programs.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing(_) => "key_missing",
            Self::Access(_, AccessError::Exposed(_)) => "key_exposed",
            Self::Access(_, AccessError::OtherOwner { .. }) => "key_other_owner",
            Self::NotAFile(_) => "key_not_a_file",
            Self::Content(..) => "key_malformed",
            Self::Exists(_) => "key_exists",
            Self::Read(..) => "key_unreadable",
            Self::Write(..) => "key_not_written",
        }
    }

    /// What a person does now, as part of a sentence.
    pub fn next_step(&self) -> String {
        let step = match self {
            Self::Missing(_) => {
                "for a new store, make a key with `finch keys init`; for an existing one, give the key that \
                 opens it"
            }
            Self::Access(path, AccessError::Exposed(_)) => {
                return format!(
                    "run `chmod 600 {}`; in a container's secret volume, give it mode 0440 and a group of this \
                     process (`fsGroup`). If others may have read it, rotate it: `finch keys rotate-kek`",
                    path.display()
                );
            }
            Self::Access(_, AccessError::OtherOwner { owner, user }) => {
                return format!(
                    "run as the owner (`sudo -u '#{owner}' …`), or give the key file and its folder to user id \
                     {user} (`chown`)"
                );
            }
            Self::NotAFile(_) => "give the path of the file itself, which `finch keys init` made",
            Self::Content(_, source) => source.next_step(),
            Self::Exists(_) => {
                "use it as it is, or choose another path for another store's key: what the old key sealed \
                 could not be opened again"
            }
            Self::Read(..) => "check that this user may read it",
            Self::Write(..) => "check that its folder exists and that this user may write there",
        };
        step.to_owned()
    }
}
