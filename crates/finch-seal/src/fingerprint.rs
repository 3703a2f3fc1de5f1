//! Keyed fingerprints: find a secret again without keeping it.

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

/// The key of a store's fingerprints. It outlives every data key, or nothing would be found again.
#[derive(Clone)]
pub(crate) struct IndexKey(hmac::Key);

impl IndexKey {
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the key of an HMAC")]
    pub(crate) fn new(bytes: &KeyBytes) -> Self {
        Self(hmac::Key::new(hmac::HMAC_SHA256, bytes.expose_secret()))
    }

    pub(crate) fn fingerprint(&self, domain: Domain, secret: &str) -> [u8; 32] {
        self.sign(domain.name(), secret.as_bytes())
    }

    /// The fields go to the HMAC one by one: the secret is never copied.
    pub(crate) fn sign(&self, domain: &str, secret: &[u8]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.0);
        frame(&[LABEL, domain.as_bytes(), secret], |part| context.update(part));
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(context.sign().as_ref());
        fingerprint
    }
}
