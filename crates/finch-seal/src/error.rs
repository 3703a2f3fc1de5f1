//! What can go wrong. No message carries a key, a plaintext or the text that was no key.

use std::error::Error;
use std::io;
use std::path::PathBuf;

use crate::KeyId;

/// Why a token or a key ring could not be sealed or opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SealError {
    /// The key source holds another key than the one that the key ring is wrapped with.
    #[error(
        "the key ring is wrapped with key {expected}, but key {given} was given: give key {expected}"
    )]
    WrongKey {
        /// The key that wrapped the key ring.
        expected: KeyId,
        /// The key of the source.
        given: KeyId,
    },
    /// The right key, but the key ring does not open or its parts don't belong together.
    #[error(
        "the key ring was changed, or belongs to another store: restore the store from a backup"
    )]
    BrokenKeys,
    /// A newer release wrote the key ring.
    #[error("the key ring has format version {0}, unknown to this release: use the newest release")]
    UnknownKeyRingVersion(u32),
    /// The blob was changed, or is not where it was sealed for.
    #[error("a sealed token was changed, or moved out of its row: restore the row from a backup")]
    Tampered,
    /// The blob is shorter than any blob can be.
    #[error("a sealed token is cut short: restore the row from a backup")]
    Truncated,
    /// The blob has a format version that this release does not know.
    #[error(
        "a sealed token has format version {0}, unknown to this release: use the newest release"
    )]
    UnknownVersion(u8),
    /// The blob names an algorithm that this release does not know.
    #[error("a sealed token uses algorithm {0}, unknown to this release: use the newest release")]
    UnknownAlgorithm(u8),
    /// The blob names a data key that this ring does not hold: a rotation may have added or destroyed it.
    #[error(
        "a sealed token belongs to key epoch {0}, which the key ring does not hold: load the key ring again; if that does not help, restore the row from a backup"
    )]
    UnknownEpoch(u32),
    /// The key source could not be reached, or refused.
    #[error("the key source failed: check that it can be reached and may be used, then try again")]
    Source(#[source] Box<dyn Error + Send + Sync>),
    /// The cryptographic library failed: no randomness, or no memory.
    #[error("the cryptographic library failed: check the system's memory, then try again")]
    Crypto,
}

/// Why a text is no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseKeyError {
    /// There is nothing but white space.
    #[error(
        "the key is empty: expected 64 hex digits or base64 of 32 bytes; `finch keys init` makes one"
    )]
    Empty,
    /// White space or a line break between its characters.
    #[error(
        "the key is broken by white space or a line break: give its 64 hex digits, or base64 of 32 bytes, in one piece"
    )]
    Broken,
    /// Quotation marks around it.
    #[error(
        "the key has quotation marks around it: give its 64 hex digits, or base64 of 32 bytes, without them"
    )]
    Quoted,
    /// As long as a key, but not spelt like one.
    #[error(
        "this is as long as a key, but not one: expected 64 hex digits or base64 of 32 bytes, and nothing else"
    )]
    Digits,
    /// Raw bytes, or text that is not UTF-8.
    #[error(
        "the key is not UTF-8 text: expected 64 hex digits or base64 of 32 bytes; `finch keys init` makes one"
    )]
    NotText,
    /// Something else than a key.
    #[error(
        "this is not a key: expected 64 hex digits or base64 of 32 bytes, got {length} characters; `finch keys init` makes one"
    )]
    Malformed {
        /// How many characters there are.
        length: usize,
    },
}

/// Why a key could not be read from a keyring or put into it. It never carries what the keyring holds,
/// which errors of `keyring-core` may.
#[cfg(feature = "keyring")]
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyringError {
    /// The keyring has no such entry.
    #[error(
        "the keyring has no entry of service {service:?} and user {user:?}: put the key there that the store was made with"
    )]
    Missing {
        /// The service of the entry.
        service: String,
        /// The user of the entry.
        user: String,
    },
    /// Several entries go by these names.
    #[error("the keyring has several entries of service {service:?} and user {user:?}: leave one")]
    Ambiguous {
        /// The service of the entry.
        service: String,
        /// The user of the entry.
        user: String,
    },
    /// The entry holds no key.
    #[error("the keyring's entry of service {service:?} and user {user:?} holds no key")]
    Content {
        /// The service of the entry.
        service: String,
        /// The user of the entry.
        user: String,
        /// What is wrong with its content.
        source: ParseKeyError,
    },
    /// The entry exists, and is never overwritten.
    #[error(
        "the keyring has an entry of service {service:?} and user {user:?}: it is never overwritten, since whatever it sealed could not be opened again"
    )]
    Exists {
        /// The service of the entry.
        service: String,
        /// The user of the entry.
        user: String,
    },
    /// The keyring could not be reached, is locked, or refused.
    #[error("the keyring failed: check that it is running and unlocked for this user")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
    /// There is none that this release knows for the operating system.
    #[error("no keyring is known for this operating system: give a store of your own")]
    Unsupported,
}

/// Why a key file could not be read or made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KeyFileError {
    /// There is no such file.
    #[error(
        "there is no key file {path}: give the path of the one that the store was made with, or make the first one with `finch keys init`"
    )]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Other users may use the file.
    #[error(
        "the key file {path} is open to others (mode {mode:04o}): run `chmod 600 {path}`; in a container's secret volume give it mode 0440 and a group of this process (`fsGroup`)"
    )]
    Exposed {
        /// The file.
        path: PathBuf,
        /// Its permissions.
        mode: u32,
    },
    /// The file or its folder belongs to a user that is neither root nor the process's own.
    #[error(
        "{path} belongs to user id {owner}, and this process runs as user id {user}: run it as the owner, or give the key file and its folder to user id {user} (`chown`)"
    )]
    OtherOwner {
        /// The file or the folder.
        path: PathBuf,
        /// The user id of its owner.
        owner: u32,
        /// The user id of the process.
        user: u32,
    },
    /// A folder, a FIFO, a socket, a device.
    #[error("the key file {path} is not a regular file: give the path of the file itself")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key.
    #[error("the key file {path} holds no key")]
    Content {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        source: ParseKeyError,
    },
    /// The file exists, and a key file is never overwritten.
    #[error(
        "the key file {path} exists: it is never overwritten, since whatever it sealed could not be opened again"
    )]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// Reading failed.
    #[error("the key file {path} could not be read")]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// Writing failed; there is no new key file.
    #[error("the key file {path} could not be written")]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
}
