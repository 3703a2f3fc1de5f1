//! A key management service as its clients see it: keys have names and never come out.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use aws_lc_rs::error::Unspecified;
use aws_lc_rs::rand;
use zeroize::Zeroizing;

/// Why such a service fails. None of these carries a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KmsError {
    Busy,
    TimedOut,
    /// There is no such key, or this caller may not use it.
    Denied,
    /// The ciphertext was changed, or made by another key.
    NotItsOwn,
    Failed,
}

impl fmt::Display for KmsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Busy => "the service asks to slow down",
            Self::TimedOut => "the service did not answer in time",
            Self::Denied => "the service denies the use of the key: check its state and the rights",
            Self::NotItsOwn => "the service did not make this ciphertext",
            Self::Failed => "the service failed",
        })
    }
}

impl std::error::Error for KmsError {}

impl From<Unspecified> for KmsError {
    fn from(_: Unspecified) -> Self {
        Self::Failed
    }
}

pub(crate) struct Kms(Mutex<State>);

struct State {
    keys: HashMap<&'static str, RandomizedNonceKey>,
    calls: u32,
    failures: u32,
    failure: KmsError,
}

impl Kms {
    pub(crate) fn new(names: &[&'static str]) -> Result<Self, KmsError> {
        let mut keys = HashMap::new();
        for name in names {
            let mut bytes = Zeroizing::new([0; 32]);
            rand::fill(bytes.as_mut_slice())?;
            keys.insert(*name, RandomizedNonceKey::new(&AES_256_GCM, bytes.as_slice())?);
        }
        let state = State { keys, calls: 0, failures: 0, failure: KmsError::Failed };
        Ok(Self(Mutex::new(state)))
    }

    pub(crate) async fn encrypt(&self, key: &str, plain: &[u8]) -> Result<Vec<u8>, KmsError> {
        self.call(key, |key| {
            let mut sealed = plain.to_vec();
            let nonce = key.seal_in_place_append_tag(Aad::empty(), &mut sealed)?;
            Ok([&nonce.as_ref()[..], &sealed].concat())
        })
    }

    pub(crate) async fn decrypt(
        &self,
        key: &str,
        ciphertext: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, KmsError> {
        self.call(key, |key| {
            let (nonce, sealed) =
                ciphertext.split_first_chunk::<NONCE_LEN>().ok_or(KmsError::NotItsOwn)?;
            let mut plain = Zeroizing::new(sealed.to_vec());
            let opened = key.open_in_place(Nonce::from(nonce), Aad::empty(), &mut plain);
            let length = opened.map_err(|_| KmsError::NotItsOwn)?.len();
            plain.truncate(length);
            Ok(plain)
        })
    }

    /// The next calls fail.
    pub(crate) fn fail_next(&self, calls: u32, failure: KmsError) {
        let mut state = self.state();
        (state.failures, state.failure) = (calls, failure);
    }

    pub(crate) fn disable(&self, key: &str) {
        self.state().keys.remove(key);
    }

    pub(crate) fn calls(&self) -> u32 {
        self.state().calls
    }

    /// A real one sends a request here, with a time limit.
    fn call<T>(
        &self,
        key: &str,
        work: impl FnOnce(&RandomizedNonceKey) -> Result<T, KmsError>,
    ) -> Result<T, KmsError> {
        let mut state = self.state();
        state.calls += 1;
        if state.failures > 0 {
            state.failures -= 1;
            return Err(state.failure);
        }
        work(state.keys.get(key).ok_or(KmsError::Denied)?)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
