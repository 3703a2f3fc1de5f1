use finch_seal::{Kek, KeyBytes, KeyId, KeyRing, KeySource, SealError, WrappedKeys};
use proptest::test_runner::Config;
use secrecy::ExposeSecret;

pub(crate) const STORE: [u8; 16] = *b"the store's uuid";

/// At least 1,000 cases; more by `PROPTEST_CASES`.
pub(crate) fn cases() -> Config {
    let config = Config::default();
    Config { cases: config.cases.max(1000), ..config }
}

pub(crate) fn key(byte: u8) -> KeyBytes {
    KeyBytes::new(Box::new([byte; 32]))
}

/// A new ring that may seal, and its rows.
pub(crate) fn ring_of(source: &dyn KeySource, store: [u8; 16]) -> (KeyRing, WrappedKeys) {
    let (ring, keys) = KeyRing::create(source, store).unwrap();
    allow_seals(&ring, 1000);
    (ring, keys)
}

pub(crate) fn ring() -> KeyRing {
    ring_of(&Kek::generate().unwrap(), STORE).0
}

pub(crate) fn allow_seals(ring: &KeyRing, at_least: u32) {
    let mut reserved = 0;
    while ring.seals_left() < at_least {
        let reservation = ring.reserve(reserved).unwrap();
        reserved = reservation.total();
        ring.grant(reservation);
    }
}

/// A key source that neither encrypts nor binds: what a bad adapter for a KMS would be.
pub(crate) struct Careless;

impl KeySource for Careless {
    fn id(&self) -> KeyId {
        KeyId::new("careless")
    }

    fn wrap(&self, key: &KeyBytes, _: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(key.expose_secret().to_vec())
    }

    fn unwrap(&self, wrapped: &[u8], _: &[u8]) -> Result<KeyBytes, SealError> {
        let bytes = wrapped.try_into().map_err(|_| SealError::BrokenKeys)?;
        Ok(KeyBytes::new(Box::new(bytes)))
    }
}

/// A key source that wraps with another key than it unwraps with: an alias at a KMS that was moved.
pub(crate) struct TwoFaced {
    pub(crate) wraps: Kek,
    pub(crate) unwraps: Kek,
}

impl KeySource for TwoFaced {
    fn id(&self) -> KeyId {
        self.unwraps.id()
    }

    fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError> {
        self.wraps.wrap(key, context)
    }

    fn unwrap(&self, wrapped: &[u8], context: &[u8]) -> Result<KeyBytes, SealError> {
        self.unwraps.unwrap(wrapped, context)
    }
}

/// A key source that gives back another key, and says nothing: what a mixed-up cache would be.
pub(crate) struct Forgetful;

impl KeySource for Forgetful {
    fn id(&self) -> KeyId {
        Careless.id()
    }

    fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError> {
        Careless.wrap(key, context)
    }

    fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<KeyBytes, SealError> {
        Ok(key(0))
    }
}
