use std::future::Future;

use async_trait::async_trait;
use finch_seal::{Kek, KeyBytes, KeyId, KeyRing, KeySource, Place, SealError, WrappedKeys};
use proptest::test_runner::Config;
use secrecy::ExposeSecret;

/// The key of `key(7)`, as an operator may write it; and that of `key(0xfb)`, as it is written here.
pub(crate) const HEX: &str = "0707070707070707070707070707070707070707070707070707070707070707";
pub(crate) const TEXT: &str = "finch-kek-v1:-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s";

pub(crate) const STORE: [u8; 16] = *b"the store's uuid";

pub(crate) const PLACE: Place<'_> = Place {
    client_id: "app",
    customer: Some("acme"),
    connection_id: "conn-1",
    fingerprint: &[1; 32],
    purpose: 1,
};

/// At least 1,000 cases; more by `PROPTEST_CASES`.
pub(crate) fn cases() -> Config {
    let config = Config::default();
    Config { cases: config.cases.max(1000), ..config }
}

pub(crate) fn key(byte: u8) -> KeyBytes {
    KeyBytes::new(Box::new([byte; 32]))
}

/// Property tests are not async.
pub(crate) fn block_on<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(future)
}

pub(crate) async fn ring_of(source: &dyn KeySource, store: [u8; 16]) -> (KeyRing, WrappedKeys) {
    KeyRing::create(source, store).await.unwrap()
}

pub(crate) async fn two_epochs(kek: &Kek) -> WrappedKeys {
    let (ring, mut keys) = ring_of(kek, STORE).await;
    keys.add(ring.next_epoch(kek).await.unwrap());
    keys
}

pub(crate) async fn assert_broken(source: &dyn KeySource, keys: &WrappedKeys, why: &str) {
    let answer = KeyRing::open(source, keys).await;
    assert!(matches!(answer, Err(SealError::BrokenKeys)), "{why}: {answer:?}");
}

pub(crate) async fn ring() -> KeyRing {
    ring_of(&Kek::generate().unwrap(), STORE).await.0
}

/// A key source that neither encrypts nor binds: what a bad adapter for a KMS would be.
pub(crate) struct Careless;

#[async_trait]
impl KeySource for Careless {
    fn id(&self) -> KeyId {
        KeyId::new("careless")
    }

    async fn wrap(&self, key: &KeyBytes, _: &[u8]) -> Result<Vec<u8>, SealError> {
        Ok(key.expose_secret().to_vec())
    }

    async fn unwrap(&self, wrapped: &[u8], _: &[u8]) -> Result<KeyBytes, SealError> {
        let bytes = wrapped.try_into().map_err(|_| SealError::BrokenKeys)?;
        Ok(KeyBytes::new(Box::new(bytes)))
    }
}

/// A key source that gives back another key, and says nothing: what a mixed-up cache would be.
pub(crate) struct Forgetful;

#[async_trait]
impl KeySource for Forgetful {
    fn id(&self) -> KeyId {
        Careless.id()
    }

    async fn wrap(&self, key: &KeyBytes, context: &[u8]) -> Result<Vec<u8>, SealError> {
        Careless.wrap(key, context).await
    }

    async fn unwrap(&self, _: &[u8], _: &[u8]) -> Result<KeyBytes, SealError> {
        Ok(key(0))
    }
}
