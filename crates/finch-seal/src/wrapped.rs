//! The keys of a store as the store keeps them: wrapped, in one document.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, de};
use serde_json::json;

use crate::aead::{AeadKey, random_key};
use crate::fingerprint::IndexKey;
use crate::framing::framed;
use crate::{KeyId, KeySource, SealError};

const LABEL: &[u8] = b"finch-seal key v1";
const DOCUMENT_VERSION: u32 = 1;

/// What a store keeps of its keys, as one [document](WrappedKeys::to_document). Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedKeys {
    /// The random identity of the store: a blob of another one does not open.
    pub store: [u8; 16],
    /// The key-encryption key that wrapped the keys below.
    pub kek: KeyId,
    /// The key of the fingerprints, wrapped.
    pub index_key: Vec<u8>,
    /// The data keys, oldest first. The last one seals; the others still open what they sealed.
    pub epochs: Vec<WrappedEpoch>,
}

/// A data key, wrapped. Nothing in it is secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrappedEpoch {
    /// The number of the data key, which each blob carries. The first is 1.
    pub epoch: u32,
    /// The data key, wrapped.
    pub data_key: Vec<u8>,
    /// A keyed hash: shows that data key, index key, epoch and store belong together.
    pub check: Vec<u8>,
}

/// Read alone first: another version may have other fields.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
struct Document {
    kek: String,
    #[serde(deserialize_with = "from_base64")]
    index_key: Vec<u8>,
    epochs: Vec<DocumentEpoch>,
}

#[derive(Deserialize)]
struct DocumentEpoch {
    epoch: u32,
    #[serde(deserialize_with = "from_base64")]
    data_key: Vec<u8>,
    #[serde(deserialize_with = "from_base64")]
    check: Vec<u8>,
}

impl WrappedKeys {
    /// The keys as JSON, without the store's identity, which the store keeps itself.
    #[must_use]
    pub fn to_document(&self) -> Vec<u8> {
        let epochs = self.epochs.iter().map(|row| {
            json!({
                "epoch": row.epoch,
                "data_key": STANDARD.encode(&row.data_key),
                "check": STANDARD.encode(&row.check),
            })
        });
        let document = json!({
            "version": DOCUMENT_VERSION,
            "kek": self.kek.as_str(),
            "index_key": STANDARD.encode(&self.index_key),
            "epochs": epochs.collect::<Vec<_>>(),
        });
        document.to_string().into_bytes()
    }

    /// The keys of a document that [`to_document`](Self::to_document) made. Whether they are whole shows
    /// when they are [opened](crate::KeyRing::open).
    ///
    /// # Errors
    /// [`SealError::BrokenKeys`] when it is not such a document, or its epochs are not in order;
    /// [`SealError::UnknownKeyRingVersion`] when a newer release wrote it.
    pub fn from_document(store: [u8; 16], document: &[u8]) -> Result<Self, SealError> {
        let broken = |_| SealError::BrokenKeys;
        let Versioned { version } = serde_json::from_slice(document).map_err(broken)?;
        if version != DOCUMENT_VERSION {
            return Err(SealError::UnknownKeyRingVersion(version));
        }
        let Document { kek, index_key, epochs } =
            serde_json::from_slice(document).map_err(broken)?;
        let row =
            |DocumentEpoch { epoch, data_key, check }| WrappedEpoch { epoch, data_key, check };
        let epochs = epochs.into_iter().map(row).collect();
        let keys = Self { store, kek: KeyId::new(kek), index_key, epochs };
        keys.expect_order().map(|()| keys)
    }

    /// The epoch that seals; 0 when there is none, which does not open.
    #[must_use]
    pub fn newest(&self) -> u32 {
        self.epochs.last().map_or(0, |epoch| epoch.epoch)
    }

    /// The oldest epoch that still opens what it sealed; 0 when there is none, which does not open.
    #[must_use]
    pub fn oldest(&self) -> u32 {
        self.epochs.first().map_or(0, |epoch| epoch.epoch)
    }

    /// Adds the epoch that [`KeyRing::next_epoch`](crate::KeyRing::next_epoch) made.
    pub fn add(&mut self, epoch: WrappedEpoch) {
        self.epochs.push(epoch);
    }

    /// Destroys the data keys of all epochs below `epoch`, but never the newest, or its number would be
    /// used twice. Call it only when no blob names them any more.
    pub fn forget_below(&mut self, epoch: u32) {
        let newest = self.newest();
        self.epochs.retain(|row| row.epoch >= epoch.min(newest));
    }

    /// Whether there are epochs, in order, each once, from 1 or later.
    pub(crate) fn expect_order(&self) -> Result<(), SealError> {
        let in_order = self.epochs.is_sorted_by(|a, b| a.epoch < b.epoch);
        if in_order && self.oldest() > 0 { Ok(()) } else { Err(SealError::BrokenKeys) }
    }
}

impl WrappedEpoch {
    /// A new data key.
    pub(crate) async fn create(
        source: &dyn KeySource,
        store: &[u8; 16],
        index_key: &IndexKey,
        epoch: u32,
    ) -> Result<Self, SealError> {
        let key = random_key()?;
        let data_key = source.wrap(&key, &data_key_context(store, epoch)).await?;
        Ok(Self { epoch, data_key, check: index_key.check(store, epoch, &key).into() })
    }

    pub(crate) async fn open(
        &self,
        source: &dyn KeySource,
        store: &[u8; 16],
        index_key: &IndexKey,
    ) -> Result<AeadKey, SealError> {
        let key = source.unwrap(&self.data_key, &data_key_context(store, self.epoch)).await?;
        verify_slices_are_equal(&self.check, &index_key.check(store, self.epoch, &key))
            .map_err(|_| SealError::BrokenKeys)?;
        AeadKey::new(&key)
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

fn from_base64<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(from)?;
    STANDARD.decode(text).map_err(de::Error::custom)
}
