//! A key-encryption key in memory.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::{
    STANDARD_PAD_INDIFFERENT, URL_SAFE_NO_PAD, URL_SAFE_PAD_INDIFFERENT,
};
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::aead::{AeadKey, random_key};
use crate::framing::framed;
use crate::{KeyBytes, KeyId, KeySource, ParseKeyError, SealError};

/// What a key starts with in a file that we wrote. It lets secret scanners recognise a key.
const PREFIX: &str = "finch-kek-v1:";

/// 43 digits spell 32 bytes.
pub(crate) const TEXT_LEN: usize = PREFIX.len() + 43;

/// Some editors put it before UTF-8.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Some readers of env files keep them around a value.
const QUOTATION_MARKS: [char; 3] = ['"', '\'', '`'];

/// Format and algorithm (AES-256-GCM-SIV) of a wrapped key.
const WRAP_HEADER: [u8; 2] = [1, 1];
const WRAP_LABEL: &[u8] = b"finch-seal wrap v1";
const WRAP_KEY_LABEL: &[u8] = b"finch-seal wrap key v1";
const KEY_ID_LABEL: &[u8] = b"finch-seal key id v1";

/// A key-encryption key: 32 bytes that live outside the database.
///
/// The bytes themselves encrypt nothing: the key that wraps and the public name are HMACs of two
/// labels under them, so that neither use can weaken the other.
#[derive(Debug)]
pub struct Kek(KeyBytes);

impl Kek {
    /// A new random key.
    ///
    /// # Errors
    /// [`SealError::Crypto`] when the system has no randomness to give.
    pub fn generate() -> Result<Self, SealError> {
        random_key().map(Self)
    }

    /// A key from bytes that the host has.
    #[must_use]
    pub fn from_bytes(bytes: KeyBytes) -> Self {
        Self(bytes)
    }

    /// Reads a key from text, such as the value of an environment variable: 64 hex digits, or base64
    /// (either alphabet, padded or not) of 32 bytes, with or without the `finch-kek-v1:` in front
    /// that key files have. White space around it is ignored, and so is a byte order mark before it.
    ///
    /// # Errors
    /// [`ParseKeyError`], which says what was expected and never what was found.
    pub fn parse(text: &str) -> Result<Self, ParseKeyError> {
        let text = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text).trim();
        if text.is_empty() {
            return Err(ParseKeyError::Empty);
        }
        if text.starts_with(QUOTATION_MARKS) || text.ends_with(QUOTATION_MARKS) {
            return Err(ParseKeyError::Quoted);
        }
        if text.contains(char::is_whitespace) {
            return Err(ParseKeyError::Broken);
        }
        let digits = text.strip_prefix(PREFIX).unwrap_or(text);
        let mut bytes = Box::new([0; 32]);
        let read = match digits.len() {
            64 => decode_hex(digits, &mut bytes),
            43 | 44 => decode_base64(digits, &mut bytes),
            _ => return Err(ParseKeyError::Malformed { length: text.chars().count() }),
        };
        let key = KeyBytes::new(bytes);
        read.map(|()| Self(key)).ok_or(ParseKeyError::Digits)
    }

    /// Reads a key from bytes that should be text.
    pub(crate) fn parse_bytes(bytes: &[u8]) -> Result<Self, ParseKeyError> {
        str::from_utf8(bytes).map_err(|_| ParseKeyError::NotText).and_then(Self::parse)
    }

    /// The text that [`parse`](Self::parse) reads, as key files and keyrings hold it.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: what is kept is made of the key")]
    pub(crate) fn to_text(&self) -> Result<Zeroizing<[u8; TEXT_LEN]>, SealError> {
        let mut text = Zeroizing::new([0; TEXT_LEN]);
        let (prefix, digits) = text.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        let written = URL_SAFE_NO_PAD.encode_slice(self.0.expose_secret(), digits);
        written.map(|_| text).map_err(|_| SealError::Crypto)
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the key of an HMAC")]
    fn hmac_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, self.0.expose_secret())
    }

    fn wrapping_key(&self) -> Result<AeadKey, SealError> {
        let mut bytes = Box::new([0; 32]);
        hmac::sign_to_buffer(&self.hmac_key(), WRAP_KEY_LABEL, &mut *bytes)
            .map_err(|_| SealError::Crypto)?;
        AeadKey::new(&KeyBytes::new(bytes))
    }
}

#[async_trait]
impl KeySource for Kek {
    /// 16 hex digits: 64 bits of an HMAC under the key.
    fn id(&self) -> KeyId {
        let tag = hmac::sign(&self.hmac_key(), KEY_ID_LABEL);
        let digits = tag.as_ref().iter().take(8).map(|byte| format!("{byte:02x}"));
        KeyId::new(digits.collect::<String>())
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the plaintext that is being wrapped")]
    async fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError> {
        let bound_to = framed(&[WRAP_LABEL, &WRAP_HEADER, context]);
        self.wrapping_key()?.seal(&WRAP_HEADER, &bound_to, key.expose_secret())
    }

    async fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<KeyBytes, SealError> {
        let sealed = wrapped.strip_prefix(&WRAP_HEADER).ok_or(SealError::BrokenKeys)?;
        let bound_to = framed(&[WRAP_LABEL, &WRAP_HEADER, context]);
        let mut key = Box::new([0; 32]);
        let opened = self.wrapping_key()?.open(&bound_to, sealed, &mut *key);
        // Boxed as a key before anything can return: it is wiped on the way of failure too.
        let key = KeyBytes::new(key);
        opened.map(|()| key).map_err(|_| SealError::BrokenKeys)
    }
}

/// Both cases of digits; `None` where there is something else.
fn decode_hex(digits: &str, bytes: &mut [u8; 32]) -> Option<()> {
    let (pairs, _) = digits.as_bytes().as_chunks::<2>();
    for (byte, &[high, low]) in bytes.iter_mut().zip(pairs) {
        let (high, low) = (char::from(high).to_digit(16)?, char::from(low).to_digit(16)?);
        *byte = u8::try_from(high << 4 | low).ok()?;
    }
    Some(())
}

fn decode_base64(digits: &str, bytes: &mut [u8; 32]) -> Option<()> {
    let engine = match digits.contains(['-', '_']) {
        true => &URL_SAFE_PAD_INDIFFERENT,
        false => &STANDARD_PAD_INDIFFERENT,
    };
    // The decoder asks for room for 44 digits without padding.
    let mut decoded = Zeroizing::new([0; 33]);
    let length = engine.decode_slice(digits, decoded.as_mut_slice()).ok()?;
    bytes.copy_from_slice(decoded.get(..length).filter(|decoded| decoded.len() == 32)?);
    Some(())
}
