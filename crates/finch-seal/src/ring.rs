//! The keys of one store: seals, unseals, and finds secrets again.

use std::fmt;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use secrecy::SecretString;
use zeroize::{Zeroize as _, Zeroizing};

use crate::aead::{AeadKey, Nonce, OVERHEAD, random_key, random_nonce};
use crate::blob::Header;
use crate::budget::{self, Budget};
use crate::fingerprint::IndexKey;
use crate::wrapped::{data_key_context, index_key_context};
use crate::{Domain, KeyBytes, KeySource, Place, Reservation, SealError, WrappedKeys};

/// Where the check of a store's keys is sealed.
const CHECK: Place<'_> = Place { kind: "key check", row: 0, client_id: "", customer: None };

/// The unwrapped keys of one store, ready for use. Share it between threads; it is neither cloned
/// nor printed.
pub struct KeyRing {
    store: [u8; 16],
    epoch: u32,
    data_key: AeadKey,
    index_key: IndexKey,
    budget: Budget,
}

impl KeyRing {
    /// How many seals a data key makes. A store counts up to it: see [`reserve`](Self::reserve).
    pub const SEAL_LIMIT: u32 = budget::LIMIT;

    /// Makes the keys of a new store. The wrapped ones have to be durable before the first seal is.
    ///
    /// # Errors
    /// [`SealError::Source`] or [`SealError::Crypto`].
    pub fn create(
        source: &dyn KeySource,
        store: [u8; 16],
    ) -> Result<(Self, WrappedKeys), SealError> {
        let (data_key, index_key, epoch) = (random_key()?, random_key()?, 1);
        let ring = Self::assemble(store, epoch, &data_key, &index_key)?;
        let keys = WrappedKeys {
            store,
            kek: source.id(),
            epoch,
            data_key: source.wrap(&data_key, &data_key_context(&store, epoch))?,
            index_key: source.wrap(&index_key, &index_key_context(&store))?,
            check: ring.seal_bytes(&CHECK, &ring.check_value(), random_nonce()?)?,
        };
        Ok((ring, keys))
    }

    /// Opens the keys of a store.
    ///
    /// # Errors
    /// [`SealError::WrongKey`] when `source` is not the one they were wrapped with,
    /// [`SealError::BrokenKeys`] when it is and they still don't open, [`SealError::Source`] when it
    /// can't be reached.
    pub fn open(source: &dyn KeySource, keys: &WrappedKeys) -> Result<Self, SealError> {
        let given = source.id();
        if given != keys.kek {
            return Err(SealError::WrongKey { expected: keys.kek.clone(), given });
        }
        let data_context = data_key_context(&keys.store, keys.epoch);
        let data_key = source.unwrap(&keys.data_key, &data_context)?;
        let index_key = source.unwrap(&keys.index_key, &index_key_context(&keys.store))?;
        let ring = Self::assemble(keys.store, keys.epoch, &data_key, &index_key)?;
        let found = ring.unseal_bytes(&CHECK, &keys.check).map_err(|_| SealError::BrokenKeys)?;
        verify_slices_are_equal(&found, &ring.check_value()).map_err(|_| SealError::BrokenKeys)?;
        Ok(ring)
    }

    pub(crate) fn assemble(
        store: [u8; 16],
        epoch: u32,
        data_key: &KeyBytes,
        index_key: &KeyBytes,
    ) -> Result<Self, SealError> {
        Ok(Self {
            store,
            epoch,
            data_key: AeadKey::new(data_key)?,
            index_key: IndexKey::new(index_key),
            budget: Budget::default(),
        })
    }

    /// The number of the data key that seals.
    #[must_use]
    pub fn epoch(&self) -> u32 {
        self.epoch
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
        self.budget.next(reserved).ok_or(SealError::KeyExhausted { epoch: self.epoch })
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
        let header = Header { epoch: self.epoch };
        let bound_to = place.bound_to(header, &self.store);
        self.data_key.seal(&header.to_bytes(), nonce, &bound_to, secret)
    }

    fn unseal_bytes(
        &self,
        place: &Place<'_>,
        blob: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (header, sealed) = Header::split(blob)?;
        if header.epoch != self.epoch {
            return Err(SealError::UnknownEpoch(header.epoch));
        }
        let mut secret = Zeroizing::new(vec![0; sealed.len().saturating_sub(OVERHEAD)]);
        self.data_key.open(&place.bound_to(header, &self.store), sealed, &mut secret)?;
        Ok(secret)
    }

    /// Ties the index key to the data key that seals it, and both to the store.
    fn check_value(&self) -> [u8; 32] {
        self.index_key.sign("key check", &self.store)
    }
}

impl fmt::Debug for KeyRing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyRing").field("epoch", &self.epoch).finish_non_exhaustive()
    }
}
