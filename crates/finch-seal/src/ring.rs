//! The keys of one store: seals, unseals, and finds secrets again.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{AeadKey, Nonce, OVERHEAD, random_key, random_nonce};
use crate::blob::Header;
use crate::budget::{self, Budget};
use crate::fingerprint::IndexKey;
use crate::framing::framed;
use crate::wrapped::{data_key_context, index_key_context};
use crate::{
    Domain, KeyBytes, KeyId, KeySource, Place, Reservation, SealError, WrappedEpoch, WrappedKeys,
};

/// Where the check of a store's keys is sealed.
const CHECK: Place<'_> = Place { kind: "key check", row: 0, client_id: "", customer: None };

/// The unwrapped keys of one store, ready for use. Share it between threads; it is neither cloned
/// nor printed.
pub struct KeyRing {
    store: [u8; 16],
    /// The key-encryption key under which the store keeps all of its keys.
    kek: KeyId,
    /// The newest data key is the last, and seals. There is always one.
    epochs: Vec<(u32, AeadKey)>,
    newest: u32,
    index_key: IndexKey,
    budget: Budget,
}

impl KeyRing {
    /// How many seals a data key makes. A store counts up to it: see [`reserve`](Self::reserve).
    pub const SEAL_LIMIT: u32 = budget::LIMIT;

    /// Makes the keys of a new store. The wrapped ones have to be durable before the first seal is.
    ///
    /// # Errors
    /// [`SealError::Source`] or [`SealError::Crypto`]; [`SealError::BrokenKeys`] when `source` does not
    /// give back what it wrapped.
    pub fn create(
        source: &dyn KeySource,
        store: [u8; 16],
    ) -> Result<(Self, WrappedKeys), SealError> {
        let (data_key, index_key, kek) = (random_key()?, random_key()?, source.id());
        let index = IndexKey::new(&index_key);
        let first = Self::assemble(store, kek.clone(), vec![(1, &data_key)], index)?;
        let index_key = source.wrap(&index_key, &index_key_context(&store))?;
        let epochs = vec![first.wrap_newest(source, &data_key)?];
        let keys = WrappedKeys { store, kek, index_key, epochs };
        // Opened from its rows: what could not be opened again must not seal anything.
        Ok((Self::open(source, &keys)?, keys))
    }

    /// Opens the keys of a store.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when `source` is not the one they were wrapped with,
    /// [`SealError::BrokenKeys`] when it is and they still don't open, or when their epochs are not in
    /// order, each once, from 1 or later; [`SealError::Source`] when it can't be reached.
    pub fn open(source: &dyn KeySource, keys: &WrappedKeys) -> Result<Self, SealError> {
        expect_key(source, &keys.kek)?;
        let numbers = || keys.epochs.iter().map(|row| row.epoch);
        // Before anything is unwrapped: a source may cost a call for each row.
        if numbers().any(|epoch| epoch == 0) || !numbers().is_sorted_by(|a, b| a < b) {
            return Err(SealError::BrokenKeys);
        }
        let store = keys.store;
        let index_key = source.unwrap(&keys.index_key, &index_key_context(&store))?;
        let data_keys: Vec<KeyBytes> = keys
            .epochs
            .iter()
            .map(|row| source.unwrap(&row.data_key, &data_key_context(&store, row.epoch)))
            .collect::<Result<_, _>>()?;
        let numbered = numbers().zip(&data_keys).collect();
        let index = IndexKey::new(&index_key);
        let ring = Self::assemble(store, keys.kek.clone(), numbered, index)?;
        for row in &keys.epochs {
            ring.check(row).map_err(|_| SealError::BrokenKeys)?;
        }
        Ok(ring)
    }

    pub(crate) fn assemble(
        store: [u8; 16],
        kek: KeyId,
        data_keys: Vec<(u32, &KeyBytes)>,
        index_key: IndexKey,
    ) -> Result<Self, SealError> {
        let newest = data_keys.last().ok_or(SealError::BrokenKeys)?.0;
        let epochs = data_keys.into_iter().map(|(epoch, key)| Ok((epoch, AeadKey::new(key)?)));
        let epochs = epochs.collect::<Result<_, SealError>>()?;
        Ok(Self { store, kek, epochs, newest, index_key, budget: Budget::default() })
    }

    /// Makes the data key of the next epoch. This ring does not use it: once the row is durable, open
    /// the keys again, and re-seal what the older ones have sealed.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when `source` is not the one of the other rows: a store has one.
    /// [`SealError::Source`], [`SealError::Crypto`], or [`SealError::BrokenKeys`] when `source` does
    /// not give back what it wrapped.
    pub fn next_epoch(&self, source: &dyn KeySource) -> Result<WrappedEpoch, SealError> {
        expect_key(source, &self.kek)?;
        let epoch = self.newest.checked_add(1).ok_or(SealError::Crypto)?;
        let data_key = random_key()?;
        let row = self.alone(epoch, &data_key)?.wrap_newest(source, &data_key)?;
        // A row that does not open again would lock the whole store.
        let again = source.unwrap(&row.data_key, &data_key_context(&self.store, epoch))?;
        self.alone(epoch, &again)?.check(&row).map_err(|_| SealError::BrokenKeys)?;
        Ok(row)
    }

    /// A ring of the same store with one data key.
    fn alone(&self, epoch: u32, data_key: &KeyBytes) -> Result<Self, SealError> {
        let (kek, index_key) = (self.kek.clone(), self.index_key.clone());
        Self::assemble(self.store, kek, vec![(epoch, data_key)], index_key)
    }

    fn wrap_newest(
        &self,
        source: &dyn KeySource,
        data_key: &KeyBytes,
    ) -> Result<WrappedEpoch, SealError> {
        let epoch = self.newest;
        let check = self.seal_bytes(&CHECK, &self.check_value(), random_nonce()?)?;
        let data_key = source.wrap(data_key, &data_key_context(&self.store, epoch))?;
        Ok(WrappedEpoch { epoch, data_key, check })
    }

    /// Whether a data key belongs to its row, to the index key and to the store.
    fn check(&self, row: &WrappedEpoch) -> Result<(), SealError> {
        if epoch_of(&row.check)? != row.epoch {
            return Err(SealError::BrokenKeys);
        }
        let found = self.unseal_bytes(&CHECK, &row.check)?;
        verify_slices_are_equal(&found, &self.check_value()).map_err(|_| SealError::BrokenKeys)
    }

    /// The number of the data key that seals.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.newest
    }

    /// The name of the key-encryption key that its keys were opened with.
    #[must_use]
    pub fn kek(&self) -> &KeyId {
        &self.kek
    }

    /// Encrypts a secret for the row that `place` names, and spends one reserved seal.
    ///
    /// # Errors
    /// [`SealError::ReservationSpent`] when none is left: [`reserve`](Self::reserve) more.
    pub fn seal(&self, place: &Place<'_>, secret: &str) -> Result<Vec<u8>, SealError> {
        self.budget.spend()?;
        self.seal_bytes(place, secret.as_bytes(), random_nonce()?)
    }

    /// Decrypts a secret that was sealed for the row that `place` names.
    ///
    /// # Errors
    /// [`SealError::Tampered`] when it was changed or belongs elsewhere; [`SealError::Truncated`],
    /// [`SealError::UnknownVersion`], [`SealError::UnknownAlgorithm`] and
    /// [`SealError::UnknownEpoch`] when it can't even be tried.
    pub fn unseal(&self, place: &Place<'_>, blob: &[u8]) -> Result<SecretString, SealError> {
        let mut bytes = self.unseal_bytes(place, blob)?;
        // The buffer has exactly the secret's length, so none of these steps copies it.
        match String::from_utf8(std::mem::take(&mut *bytes)) {
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

    /// A keyed hash over several fields, for what must not be changed without anybody noticing. `label`
    /// names what is hashed: the same fields have another hash under each.
    #[must_use]
    pub fn authenticate(&self, label: &str, fields: &[&[u8]]) -> [u8; 32] {
        let all: Vec<&[u8]> =
            [label.as_bytes()].into_iter().chain(fields.iter().copied()).collect();
        self.index_key.sign("record", &framed(&all))
    }

    /// How many seals this ring may make before it has to [`reserve`](Self::reserve) again.
    #[must_use]
    pub fn seals_left(&self) -> u32 {
        self.budget.left()
    }

    /// The next seals for this ring, when `reserved` is what the store has kept so far (0 at first).
    ///
    /// In one transaction of its own: read `reserved`, call this, write the reservation's `total`;
    /// after the commit, [`grant`](Self::grant) it. So the count holds over processes and crashes.
    ///
    /// # Errors
    /// [`SealError::KeyExhausted`] when the data key has reached [`SEAL_LIMIT`](Self::SEAL_LIMIT).
    pub fn reserve(&self, reserved: u32) -> Result<Reservation, SealError> {
        self.budget.next(reserved).ok_or(SealError::KeyExhausted { epoch: self.newest })
    }

    /// Adds seals whose reservation is durable.
    pub fn grant(&self, reservation: Reservation) {
        self.budget.grant(reservation);
    }

    pub(crate) fn seal_bytes(
        &self,
        place: &Place<'_>,
        secret: &[u8],
        nonce: Nonce,
    ) -> Result<Vec<u8>, SealError> {
        let header = Header { epoch: self.newest };
        let bound_to = place.bound_to(header, &self.store);
        self.key(self.newest)?.seal(&header.to_bytes(), nonce, &bound_to, secret)
    }

    fn unseal_bytes(
        &self,
        place: &Place<'_>,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, sealed) = Header::split(blob)?;
        let key = self.key(header.epoch)?;
        let mut secret = Zeroizing::new(vec![0; sealed.len().saturating_sub(OVERHEAD)]);
        key.open(&place.bound_to(header, &self.store), sealed, &mut secret)?;
        Ok(secret)
    }

    fn key(&self, epoch: u32) -> Result<&AeadKey, SealError> {
        let known = self.epochs.iter().rev().find(|(known, _)| *known == epoch);
        known.map(|(_, key)| key).ok_or(SealError::UnknownEpoch(epoch))
    }

    /// Ties the index key to the data key that seals it, and both to the store.
    fn check_value(&self) -> [u8; 32] {
        self.index_key.sign("key check", &self.store)
    }
}

fn expect_key(source: &dyn KeySource, expected: &KeyId) -> Result<(), SealError> {
    let given = source.id();
    match given == *expected {
        true => Ok(()),
        false => Err(SealError::WrongKey { expected: expected.clone(), given }),
    }
}

/// Which data key sealed a blob, by what the blob itself says.
///
/// # Errors
/// [`SealError::Truncated`], [`SealError::UnknownVersion`], [`SealError::UnknownAlgorithm`].
pub fn epoch_of(blob: &[u8]) -> Result<u32, SealError> {
    Header::split(blob).map(|(header, _)| header.epoch)
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("epoch", &self.newest).finish_non_exhaustive()
    }
}
