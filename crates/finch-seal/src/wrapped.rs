//! The keys of a store as its rows hold them.

use crate::KeyId;
use crate::framing::framed;

const LABEL: &[u8] = b"finch-seal key v1";

/// What a store keeps of its keys, in its own rows. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The random identity of the store: a blob of another one does not open.
    pub store: [u8; 16],
    /// The key-encryption key that wrapped the two keys below.
    pub kek: KeyId,
    /// The number of the data key, which each blob carries. The first is 1.
    pub epoch: u32,
    /// The data key, wrapped.
    pub data_key: Vec<u8>,
    /// The key of the fingerprints, wrapped.
    pub index_key: Vec<u8>,
    /// A known secret, sealed: shows that the two keys and the store belong together.
    pub check: Vec<u8>,
}

/// What a wrapped data key is bound to.
pub(crate) fn data_key_context(store: &[u8; 16], epoch: u32) -> Vec<u8> {
    framed(&[LABEL, b"data", store, &epoch.to_be_bytes()])
}

/// What a wrapped index key is bound to: no epoch, since it outlives them all.
pub(crate) fn index_key_context(store: &[u8; 16]) -> Vec<u8> {
    framed(&[LABEL, b"index", store])
}
