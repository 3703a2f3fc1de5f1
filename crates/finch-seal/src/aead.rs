//! AES-256-GCM-SIV, and the randomness for it. Everything cryptographic comes from one library.

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, LessSafeKey, UnboundKey};
use aws_lc_rs::rand;
use secrecy::ExposeSecret as _;

use crate::{KeyBytes, SealError};

pub(crate) const NONCE_LEN: usize = 12;
pub(crate) const TAG_LEN: usize = 16;

/// What is added to a plaintext: nonce and tag.
pub(crate) const OVERHEAD: usize = NONCE_LEN + TAG_LEN;

pub(crate) fn random_key() -> Result<KeyBytes, SealError> {
    let mut bytes = Box::new([0; 32]);
    rand::fill(&mut *bytes).map_err(|_| SealError::Crypto)?;
    Ok(KeyBytes::new(bytes))
}

/// A key whose schedule is kept.
///
/// "Less safe" is the library's word for a key that takes the nonce from its caller. Unlike the library's
/// randomized key it works out of place: a plaintext is never copied into a buffer that has to be wiped.
#[derive(Debug)]
pub(crate) struct AeadKey(LessSafeKey);

impl AeadKey {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: expanded into the key schedule")]
    pub(crate) fn new(bytes: &KeyBytes) -> Result<Self, SealError> {
        let key = UnboundKey::new(&AES_256_GCM_SIV, bytes.expose_secret());
        key.map(|key| Self(LessSafeKey::new(key))).map_err(|_| SealError::Crypto)
    }

    /// `prefix`, nonce, ciphertext, tag. Of these the ciphertext and `bound_to` are authenticated:
    /// a prefix must be part of `bound_to`. The nonce is 96 random bits; a repeated one is harmless but for
    /// equal messages: the README has the bound.
    pub(crate) fn seal(
        &self,
        prefix: &[u8],
        bound_to: &[u8],
        plaintext: &[u8],
    ) -> Result<Vec<u8>, SealError> {
        let mut nonce = [0; NONCE_LEN];
        rand::fill(&mut nonce).map_err(|_| SealError::Crypto)?;
        let ciphertext_at = prefix.len() + NONCE_LEN;
        let mut sealed = vec![0; prefix.len() + plaintext.len() + OVERHEAD];
        let (head, rest) = sealed.split_at_mut(ciphertext_at);
        let (ciphertext, tag) = rest.split_at_mut(plaintext.len());
        head[..prefix.len()].copy_from_slice(prefix);
        head[prefix.len()..].copy_from_slice(&nonce);
        self.0
            .seal_out_of_place_scatter(
                aws_lc_rs::aead::Nonce::from(&nonce),
                Aad::from(bound_to),
                plaintext,
                ciphertext,
                &[],
                tag,
            )
            .map_err(|_| SealError::Crypto)?;
        Ok(sealed)
    }

    /// Opens nonce, ciphertext and tag into `plaintext`, which must have the length of the ciphertext.
    /// After a failure its content is meaningless.
    pub(crate) fn open(
        &self,
        bound_to: &[u8],
        sealed: &[u8],
        plaintext: &mut [u8],
    ) -> Result<(), SealError> {
        let (nonce, rest) = sealed.split_first_chunk::<NONCE_LEN>().ok_or(SealError::Truncated)?;
        let (ciphertext, tag) = rest.split_last_chunk::<TAG_LEN>().ok_or(SealError::Truncated)?;
        let nonce = aws_lc_rs::aead::Nonce::from(nonce);
        self.0
            .open_separate_gather(nonce, Aad::from(bound_to), ciphertext, tag, plaintext)
            .map_err(|_| SealError::Tampered)
    }
}
