//! Keyed hashes: they find a secret again without keeping it, and show that a record was changed.

use std::iter;

use aws_lc_rs::hmac;
use secrecy::ExposeSecret as _;

use crate::KeyBytes;
use crate::framing::frame;

const LABEL: &[u8] = b"finch-seal fingerprint v1";

/// What a fingerprint is of. The same text has another fingerprint in each domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Domain {
    /// An access token.
    Token,
    /// An authorization code.
    Code,
    /// The `state` of an attempt to connect.
    State,
}

impl Domain {
    fn name(self) -> &'static str {
        match self {
            Self::Token => "token",
            Self::Code => "code",
            Self::State => "state",
        }
    }
}

/// The key of a store's keyed hashes. It outlives every data key, or nothing would be found again.
pub(crate) struct IndexKey(hmac::Key);

impl IndexKey {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the key of an HMAC")]
    pub(crate) fn new(bytes: &KeyBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose_secret()))
    }

    pub(crate) fn fingerprint(&self, domain: Domain, secret: &str) -> [u8; 32] {
        self.sign(domain.name(), iter::once(secret.as_bytes()))
    }

    pub(crate) fn authenticate(&self, label: &str, fields: &[&[u8]]) -> [u8; 32] {
        self.sign("record", iter::once(label.as_bytes()).chain(fields.iter().copied()))
    }

    /// Ties a data key to its epoch, to the store and to this key.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: hashed under another key")]
    pub(crate) fn check(&self, store: &[u8; 16], epoch: u32, data_key: &KeyBytes) -> [u8; 32] {
        self.sign("key check", [&store[..], &epoch.to_be_bytes(), data_key.expose_secret()])
    }

    /// The fields go to the HMAC one by one: a secret among them is never copied.
    fn sign<'a>(&self, domain: &'a str, fields: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        let all = [LABEL, domain.as_bytes()].into_iter().chain(fields);
        frame(all, |part| context.update(part));
        let mut hash = [0; 32];
        hash.copy_from_slice(context.sign().as_ref());
        hash
    }
}
