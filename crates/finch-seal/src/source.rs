//! The source of the key-encryption key: bytes in memory, or a KMS.

use std::fmt;

use async_trait::async_trait;
use secrecy::SecretBox;

use crate::SealError;

/// The 32 bytes of a key: wiped when dropped, redacted in `Debug`, never moved out of their box.
pub type KeyBytes = SecretBox<[u8; 32]>;

/// Holds a key-encryption key (KEK) and wraps the keys of a store with it.
///
/// [`Kek`](crate::Kek) holds its bytes in memory; a host with a KMS implements its own.
///
/// # Contract
/// - `unwrap` returns what `wrap` was given, for the same `context` only. A source that can't bind
///   the context itself must store it inside what it wraps, and compare.
/// - `id` names the KEK, is not secret, and never changes for the same KEK.
/// - `wrap` and `unwrap` may take time: they run when a key ring is made, opened or rotated, and when
///   another process has rotated it.
/// - No error carries key bytes.
#[async_trait]
pub trait KeySource: Send + Sync {
    /// The name of the KEK, kept beside what it wrapped.
    fn id(&self) -> KeyId;

    /// Encrypts `key`, bound to `context`.
    ///
    /// # Errors
    /// [`SealError::Source`] when the source can't be reached or refuses.
    async fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError>;

    /// Decrypts what [`wrap`](KeySource::wrap) made for the same `context`.
    ///
    /// # Errors
    /// [`SealError::BrokenKeys`] when `wrapped` was made by another KEK, for another context, or was
    /// changed; [`SealError::Source`] when the source can't be reached or refuses.
    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<KeyBytes, SealError>;
}

/// The name of a key-encryption key: not secret, so that an error can say which key is needed.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(String);

impl KeyId {
    /// A name as a store kept it, or as a KMS gives it.
    pub fn new(id: impl Into<String>) -> Self {
        Self(id.into())
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Control characters are escaped: the name may come from an edited store.
impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.escape_debug())
    }
}
