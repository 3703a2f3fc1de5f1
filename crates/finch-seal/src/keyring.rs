//! Keys in the operating system's keyring, or in any other store behind `keyring-core`.
//!
//! An entry holds what a key file holds: text that [`Kek::parse`] reads. So it can also be put there with
//! the system's own tools.

use std::error::Error as _;
use std::io;
use std::sync::Arc;

pub use keyring_core::CredentialStore;
use keyring_core::{Entry, Error};
use zeroize::{Zeroize as _, Zeroizing};

use crate::{Kek, KeySource as _, KeyringError, ParseKeyError};

/// The keyring of this system: on macOS the user's keychain, on Linux the kernel's.
///
/// The kernel's is **empty after each restart**: something has to fill it, and the key must be kept where
/// it comes from. For one that stays, such as the Secret Service of a desktop, give its own
/// [`CredentialStore`].
///
/// # Errors
/// [`KeyringError::Failed`], or [`KeyringError::Unsupported`] on other systems.
pub fn system() -> Result<Arc<CredentialStore>, KeyringError> {
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
        store.map(|store| store as Arc<CredentialStore>).map_err(|error| failed(&error))
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
pub fn read(store: &CredentialStore, service: &str, user: &str) -> Result<Kek, KeyringError> {
    let named = Named { service, user };
    named.read(&named.entry(store)?)
}

/// Puts a new key into an entry that does not exist yet.
///
/// Keyrings know no "only if it is not there": of two calls at the same moment the later one wins. Go by
/// what [`read`] gives afterwards, and make keys from one place.
///
/// # Errors
/// [`KeyringError::Exists`] when the entry holds anything already, a key or not: it stays as it is.
/// Otherwise as [`read`].
pub fn create(
    store: &CredentialStore,
    service: &str,
    user: &str,
    key: &Kek,
) -> Result<(), KeyringError> {
    let named = Named { service, user };
    let entry = named.entry(store)?;
    match named.read(&entry) {
        Err(KeyringError::Missing(..)) => {}
        Ok(_) | Err(KeyringError::Content(..)) => return Err(named.exists()),
        Err(other) => return Err(other),
    }
    let text = key.to_text().map_err(|error| KeyringError::Failed(Box::new(error)))?;
    entry.set_secret(text.as_slice()).map_err(|error| named.error(error))?;
    match named.read(&entry)?.id() == key.id() {
        true => Ok(()),
        false => Err(named.exists()),
    }
}

/// The two names of an entry.
struct Named<'a> {
    service: &'a str,
    user: &'a str,
}

impl Named<'_> {
    fn entry(&self, store: &CredentialStore) -> Result<Entry, KeyringError> {
        store.build(self.service, self.user, None).map_err(|error| self.error(error))
    }

    fn read(&self, entry: &Entry) -> Result<Kek, KeyringError> {
        let content = Zeroizing::new(entry.get_secret().map_err(|error| self.error(error))?);
        Kek::parse_bytes(&content).map_err(|source| {
            let (service, user) = self.owned();
            KeyringError::Content(service, user, source)
        })
    }

    /// Without what the keyring holds: some of these errors carry it, and print it in their `Debug`.
    fn error(&self, error: Error) -> KeyringError {
        let (service, user) = self.owned();
        match error {
            Error::NoEntry => KeyringError::Missing(service, user),
            Error::Ambiguous(_) => KeyringError::Ambiguous(service, user),
            Error::BadEncoding(mut content) | Error::BadDataFormat(mut content, _) => {
                content.zeroize();
                KeyringError::Content(service, user, ParseKeyError::NotText)
            }
            Error::PlatformFailure(source) | Error::NoStorageAccess(source) => {
                KeyringError::Failed(source)
            }
            other => failed(&other),
        }
    }

    fn exists(&self) -> KeyringError {
        let (service, user) = self.owned();
        KeyringError::Exists(service, user)
    }

    fn owned(&self) -> (String, String) {
        (self.service.to_owned(), self.user.to_owned())
    }
}

/// An error as text: of what is left here, none says what an entry holds.
fn failed(error: &Error) -> KeyringError {
    let cause = error.source().map(|source| format!(": {source}")).unwrap_or_default();
    KeyringError::Failed(Box::new(io::Error::other(format!("{error}{cause}"))))
}
