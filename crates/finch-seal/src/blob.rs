//! A sealed token: its header, and where it belongs.

use crate::SealError;
use crate::aead::OVERHEAD;
use crate::framing::framed;

const LABEL: &[u8] = b"finch-seal token v1";
const VERSION: u8 = 1;
const AES_256_GCM_SIV: u8 = 1;
const HEADER_LEN: usize = 6;

/// What a sealed token is bound to: it opens under an equal place only.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place<'a> {
    /// The application at Finch that the store is bound to.
    pub client_id: &'a str,
    /// The customer that the token belongs to. `None` is not the same as an empty name.
    pub customer: Option<&'a str>,
    /// The connection's id.
    pub connection_id: &'a str,
    /// The token's own fingerprint.
    pub fingerprint: &'a [u8; 32],
    /// What the token may be used for, as a number of the caller's. One that is sealed for one purpose does not open
    /// for another: an edited row can't revive a token, nor declare it dead.
    pub purpose: u8,
}

impl Place<'_> {
    /// The associated data of a blob that stands here.
    pub(crate) fn bound_to(&self, header: Header, store: &[u8; 16]) -> Vec<u8> {
        framed(&[
            LABEL,
            &header.to_bytes(),
            store,
            self.client_id.as_bytes(),
            &[u8::from(self.customer.is_some())],
            self.customer.unwrap_or_default().as_bytes(),
            self.connection_id.as_bytes(),
            self.fingerprint,
            &[self.purpose],
        ])
    }
}

/// The plaintext header of a sealed secret, which says how to open it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Header {
    /// The number of the data key that sealed it.
    pub(crate) epoch: u32,
}

impl Header {
    pub(crate) fn to_bytes(self) -> [u8; HEADER_LEN] {
        let [a, b, c, d] = self.epoch.to_be_bytes();
        [VERSION, AES_256_GCM_SIV, a, b, c, d]
    }

    /// Splits a blob into its header and what is sealed.
    pub(crate) fn split(blob: &[u8]) -> Result<(Self, &[u8]), SealError> {
        match blob.split_first_chunk() {
            Some((&[VERSION, AES_256_GCM_SIV, a, b, c, d], sealed)) if sealed.len() >= OVERHEAD => {
                Ok((Self { epoch: u32::from_be_bytes([a, b, c, d]) }, sealed))
            }
            Some(([VERSION, AES_256_GCM_SIV, ..], _)) | None => Err(SealError::Truncated),
            Some(([VERSION, algorithm, ..], _)) => Err(SealError::UnknownAlgorithm(*algorithm)),
            Some(([version, ..], _)) => Err(SealError::UnknownVersion(*version)),
        }
    }
}
