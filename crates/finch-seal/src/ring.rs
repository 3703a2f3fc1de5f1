//! The keys of one store: seals, unseals, and finds secrets again.

use std::collections::BTreeMap;
use std::fmt;

use secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{AeadKey, OVERHEAD, random_key};
use crate::blob::Header;
use crate::fingerprint::IndexKey;
use crate::wrapped::{data_key_context, index_key_context};
use crate::{Domain, KeyId, KeySource, Place, SealError, WrappedEpoch, WrappedKeys};

/// The unwrapped keys of one store, ready for use. Share it between threads; it is neither cloned
/// nor printed.
pub struct KeyRing {
    store: [u8; 16],
    /// The key-encryption key that wraps the others.
    kek: KeyId,
    epochs: BTreeMap<u32, AeadKey>,
    /// The epoch that seals.
    newest: u32,
    index_key: IndexKey,
}

impl KeyRing {
    /// Makes the keys of a new store. The wrapped ones must be durable before anything that is sealed.
    ///
    /// # Errors
    /// [`SealError::Source`] or [`SealError::Crypto`]; [`SealError::BrokenKeys`] when `source` does not
    /// give back what it wrapped.
    pub async fn create(
        source: &dyn KeySource,
        store: [u8; 16],
    ) -> Result<(Self, WrappedKeys), SealError> {
        let (index_key, kek) = (random_key()?, source.id());
        let first = WrappedEpoch::create(source, &store, &IndexKey::new(&index_key), 1).await?;
        let index_key = source.wrap(&index_key, &index_key_context(&store)).await?;
        let keys = WrappedKeys { store, kek, index_key, epochs: vec![first] };
        // Opened from what is kept: keys that could not be opened again must not seal anything.
        Ok((Self::open(source, &keys).await?, keys))
    }

    /// Opens the keys of a store.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when `source` is not the one they were wrapped with,
    /// [`SealError::BrokenKeys`] when it is and they still don't open, or when their epochs are not in
    /// order, each once, from 1 or later; [`SealError::Source`] when it can't be reached.
    pub async fn open(source: &dyn KeySource, keys: &WrappedKeys) -> Result<Self, SealError> {
        expect_key(source, &keys.kek)?;
        // Before anything is unwrapped: a source may cost a call for each key.
        keys.expect_order()?;
        let store = keys.store;
        let index_key = source.unwrap(&keys.index_key, &index_key_context(&store)).await?;
        let index_key = IndexKey::new(&index_key);
        let mut epochs = BTreeMap::new();
        for row in &keys.epochs {
            epochs.insert(row.epoch, row.open(source, &store, &index_key).await?);
        }
        Ok(Self { store, kek: keys.kek.clone(), epochs, newest: keys.newest(), index_key })
    }

    /// Makes the data key of the next epoch, which this ring does not use. Once it is [added](WrappedKeys::add)
    /// and durable, open the keys again, and seal again what the older keys have sealed.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when `source` is not that of the other keys.
    /// [`SealError::Source`], [`SealError::Crypto`], or [`SealError::BrokenKeys`] when `source` does
    /// not give back what it wrapped.
    pub async fn next_epoch(&self, source: &dyn KeySource) -> Result<WrappedEpoch, SealError> {
        expect_key(source, &self.kek)?;
        let epoch = self.newest.checked_add(1).ok_or(SealError::BrokenKeys)?;
        let row = WrappedEpoch::create(source, &self.store, &self.index_key, epoch).await?;
        // An epoch that does not open again would lock the whole store.
        row.open(source, &self.store, &self.index_key).await?;
        Ok(row)
    }

    /// The number of the data key that seals.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.newest
    }

    /// Encrypts a token, bound to `place`.
    ///
    /// # Errors
    /// [`SealError::Crypto`].
    pub fn seal(&self, place: &Place<'_>, secret: &str) -> Result<Vec<u8>, SealError> {
        let header = Header { epoch: self.newest };
        let bound_to = place.bound_to(header, &self.store);
        self.key(self.newest)?.seal(&header.to_bytes(), &bound_to, secret.as_bytes())
    }

    /// Decrypts a token that was sealed for `place`.
    ///
    /// # Errors
    /// [`SealError::Tampered`] when it was changed or belongs elsewhere; [`SealError::Truncated`],
    /// [`SealError::UnknownVersion`], [`SealError::UnknownAlgorithm`] and
    /// [`SealError::UnknownEpoch`] when it can't even be tried.
    pub fn unseal(&self, place: &Place<'_>, blob: &[u8]) -> Result<SecretString, SealError> {
        let (header, sealed) = Header::split(blob)?;
        let key = self.key(header.epoch)?;
        let mut secret = Zeroizing::new(vec![0; sealed.len().saturating_sub(OVERHEAD)]);
        key.open(&place.bound_to(header, &self.store), sealed, &mut secret)?;
        // The buffer has exactly the secret's length, so none of these steps copies it.
        match String::from_utf8(std::mem::take(&mut *secret)) {
            Ok(secret) => Ok(SecretString::from(secret)),
            Err(not_text) => {
                not_text.into_bytes().zeroize();
                Err(SealError::Tampered)
            }
        }
    }

    /// The keyed fingerprint by which a secret is found again: the same in every process and epoch.
    #[must_use]
    pub fn fingerprint(&self, domain: Domain, secret: &str) -> [u8; 32] {
        self.index_key.fingerprint(domain, secret)
    }

    /// A keyed hash over several fields, which shows that none of them was changed. `label` names what is
    /// hashed: the same fields have another hash under each.
    #[must_use]
    pub fn authenticate(&self, label: &str, fields: &[&[u8]]) -> [u8; 32] {
        self.index_key.authenticate(label, fields)
    }

    fn key(&self, epoch: u32) -> Result<&AeadKey, SealError> {
        self.epochs.get(&epoch).ok_or(SealError::UnknownEpoch(epoch))
    }
}

impl WrappedKeys {
    /// The same keys, wrapped with `to` instead of `from`. What they have sealed stays as it is.
    ///
    /// # Errors
    /// As [`KeyRing::open`], and what `to` answers.
    pub async fn rewrap(
        &self,
        from: &dyn KeySource,
        to: &dyn KeySource,
    ) -> Result<Self, SealError> {
        // The right key, and keys that belong together: else a broken ring would be made final.
        KeyRing::open(from, self).await?;
        let mut keys = Self { kek: to.id(), ..self.clone() };
        let context = index_key_context(&self.store);
        keys.index_key = to.wrap(&from.unwrap(&self.index_key, &context).await?, &context).await?;
        for row in &mut keys.epochs {
            let context = data_key_context(&self.store, row.epoch);
            row.data_key = to.wrap(&from.unwrap(&row.data_key, &context).await?, &context).await?;
        }
        KeyRing::open(to, &keys).await?;
        Ok(keys)
    }
}

fn expect_key(source: &dyn KeySource, expected: &KeyId) -> Result<(), SealError> {
    let given = source.id();
    match given == *expected {
        true => Ok(()),
        false => Err(SealError::WrongKey { expected: expected.clone(), given }),
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("epoch", &self.newest).finish_non_exhaustive()
    }
}
