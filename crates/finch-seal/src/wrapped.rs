//! The keys of a store as its rows hold them.

use crate::framing::framed;
use crate::{KeyId, KeyRing, KeySource, SealError};

const LABEL: &[u8] = b"finch-seal key v1";

/// What a store keeps of its keys, in its own rows. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The random identity of the store: a blob of another one does not open.
    pub store: [u8; 16],
    /// The key-encryption key that wrapped the two keys below.
    pub kek: KeyId,
    /// The key of the fingerprints, wrapped.
    pub index_key: Vec<u8>,
    /// The data keys, oldest first. The last one seals; the others still open what they sealed.
    pub epochs: Vec<WrappedEpoch>,
}

/// A data key as a row holds it. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedEpoch {
    /// The number of the data key, which each blob carries. The first is 1.
    pub epoch: u32,
    /// The data key, wrapped.
    pub data_key: Vec<u8>,
    /// A known secret, sealed: shows that the data key, the index key and the store belong together.
    pub check: Vec<u8>,
}

impl WrappedKeys {
    /// The same keys, wrapped with `to` instead of `from`. What they have sealed stays as it is.
    ///
    /// # Errors
    /// As [`KeyRing::open`](crate::KeyRing::open), and what `to` answers.
    pub fn rewrap(&self, from: &dyn KeySource, to: &dyn KeySource) -> Result<Self, SealError> {
        // The right key, and rows that belong together: else a broken store would be made final.
        KeyRing::open(from, self)?;
        let rewrap =
            |wrapped: &[u8], context: &[u8]| to.wrap(&from.unwrap(wrapped, context)?, context);
        let mut keys = self.clone();
        keys.kek = to.id();
        keys.index_key = rewrap(&self.index_key, &index_key_context(&self.store))?;
        for row in &mut keys.epochs {
            row.data_key = rewrap(&row.data_key, &data_key_context(&self.store, row.epoch))?;
        }
        KeyRing::open(to, &keys)?;
        Ok(keys)
    }
}

/// What a wrapped data key is bound to.
pub(crate) fn data_key_context(store: &[u8; 16], epoch: u32) -> Vec<u8> {
    framed(&[LABEL, b"data", store, &epoch.to_be_bytes()])
}

/// What a wrapped index key is bound to: no epoch, since it outlives them all.
pub(crate) fn index_key_context(store: &[u8; 16]) -> Vec<u8> {
    framed(&[LABEL, b"index", store])
}
