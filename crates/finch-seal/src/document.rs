//! The key ring as one document, which a store keeps beside its rows.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;
use serde_json::{Value, json};

use crate::{KeyId, SealError, WrappedEpoch, WrappedKeys};

const VERSION: u32 = 1;

/// Read alone first: another version may have other fields.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

#[derive(Deserialize)]
struct Document {
    kek: String,
    index_key: String,
    epochs: Vec<Epoch>,
}

#[derive(Deserialize)]
struct Epoch {
    epoch: u32,
    data_key: String,
    check: String,
}

impl WrappedKeys {
    /// The keys as JSON, without the store's identity, which the store keeps itself.
    #[must_use]
    pub fn to_document(&self) -> Vec<u8> {
        let epochs = self.epochs.iter().map(|row| {
            let (data_key, check) = (STANDARD.encode(&row.data_key), STANDARD.encode(&row.check));
            json!({ "epoch": row.epoch, "data_key": data_key, "check": check })
        });
        let document = json!({
            "version": VERSION,
            "kek": self.kek.as_str(),
            "index_key": STANDARD.encode(&self.index_key),
            "epochs": epochs.collect::<Vec<Value>>(),
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
        if version != VERSION {
            return Err(SealError::UnknownKeyRingVersion(version));
        }
        let Document { kek, index_key, epochs } =
            serde_json::from_slice(document).map_err(broken)?;
        let keys = Self {
            store,
            kek: KeyId::new(kek),
            index_key: decode(&index_key)?,
            epochs: epochs.iter().map(Epoch::decode).collect::<Result<_, _>>()?,
        };
        keys.expect_order().map(|()| keys)
    }
}

impl Epoch {
    fn decode(&self) -> Result<WrappedEpoch, SealError> {
        let (data_key, check) = (decode(&self.data_key)?, decode(&self.check)?);
        Ok(WrappedEpoch { epoch: self.epoch, data_key, check })
    }
}

fn decode(text: &str) -> Result<Vec<u8>, SealError> {
    STANDARD.decode(text).map_err(|_| SealError::BrokenKeys)
}
