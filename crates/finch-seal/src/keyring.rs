//! Keys in the operating system's keyring, or in any other store behind `keyring-core`.
//!
//! An entry holds what a key file holds: text that [`Kek::parse`] reads. So it can also be put there with
//! the system's own tools.

use std::error::Error as _;
use std::io;

pub use keyring_core::Entry;
use keyring_core::{CredentialStore, Error};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Kek, KeySource as _, KeyringError, ParseKeyError};

/// An entry in the keyring of this system: on macOS in the user's keychain, on Linux in the kernel's.
///
/// The kernel's is **empty after each restart**: something has to fill it, and the key must be kept where
/// it comes from. For one that stays, such as the Secret Service of a desktop, let its own store build the
/// entry.
///
/// # Errors
/// [`KeyringError::Failed`], or [`KeyringError::Unsupported`] on other systems.
pub fn entry(service: &str, user: &str) -> Result<Entry, KeyringError> {
    #[cfg(target_os = "linux")]
    let store = {
        // Otherwise `a@b` of `c` and `a` of `b@c` are one entry.
        let unambiguous = std::collections::HashMap::from([("service_no_divider", "true")]);
        linux_keyutils_keyring_store::Store::new_with_configuration(&unambiguous)
    };
    #[cfg(target_os = "macos")]
    let store = apple_native_keyring_store::keychain::Store::new();
    #[cfg(any(target_os = "linux", target_os = "macos"))]
    {
        let built =
            store.and_then(|store| (&*store as &CredentialStore).build(service, user, None));
        built.map_err(|error| failed(&error))
    }
    #[cfg(not(any(target_os = "linux", target_os = "macos")))]
    {
        Err(KeyringError::Unsupported)
    }
}

/// Reads the key that an entry holds.
///
/// # Errors
/// [`KeyringError::Missing`], [`KeyringError::Ambiguous`], [`KeyringError::Content`] when it holds no
/// key, [`KeyringError::Failed`] when the keyring can't be used.
pub fn read(entry: &Entry) -> Result<Kek, KeyringError> {
    let content = Zeroizing::new(entry.get_secret().map_err(|error| about(entry, error))?);
    Kek::parse_bytes(&content).map_err(|source| KeyringError::Content(name(entry), source))
}

/// Puts a new key into an entry that does not exist yet.
///
/// Keyrings know no "only if it is not there": of two calls at the same moment the later one wins. Go by
/// what [`read`] gives afterwards, and make keys from one place.
///
/// # Errors
/// [`KeyringError::Exists`] when the entry holds anything already, a key or not: it stays as it is.
/// Otherwise as [`read`].
pub fn create(entry: &Entry, key: &Kek) -> Result<(), KeyringError> {
    match read(entry) {
        Err(KeyringError::Missing(_)) => {}
        Ok(_) | Err(KeyringError::Content(..)) => return Err(KeyringError::Exists(name(entry))),
        Err(other) => return Err(other),
    }
    let text = key.to_text().map_err(|error| KeyringError::Failed(Box::new(error)))?;
    entry.set_secret(text.as_slice()).map_err(|error| about(entry, error))?;
    match read(entry)?.id() == key.id() {
        true => Ok(()),
        false => Err(KeyringError::Exists(name(entry))),
    }
}

/// What the entry is called in a message.
fn name(entry: &Entry) -> String {
    match entry.get_specifiers() {
        Some((service, user)) => format!("of service {service:?} and user {user:?}"),
        None => "of this name".to_owned(),
    }
}

/// Without what the keyring holds: some of these errors carry it, and print it in their `Debug`.
fn about(entry: &Entry, error: Error) -> KeyringError {
    match error {
        Error::NoEntry => KeyringError::Missing(name(entry)),
        Error::Ambiguous(_) => KeyringError::Ambiguous(name(entry)),
        Error::BadEncoding(mut content) | Error::BadDataFormat(mut content, _) => {
            content.zeroize();
            KeyringError::Content(name(entry), ParseKeyError::NotText)
        }
        Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
            KeyringError::Failed(source)
        }
        other => failed(&other),
    }
}

/// An error as text: of what is left here, none says what an entry holds.
fn failed(error: &Error) -> KeyringError {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    KeyringError::Failed(Box::new(io::Error::other(format!("{error}{cause}"))))
}
