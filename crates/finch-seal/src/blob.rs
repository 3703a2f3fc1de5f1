//! The format of a sealed secret: `version, algorithm, epoch`, then nonce, ciphertext and tag.

use crate::SealError;
use crate::aead::OVERHEAD;

const VERSION: u8 = 1;
const AES_256_GCM_SIV: u8 = 1;
const HEADER_LEN: usize = 6;

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
