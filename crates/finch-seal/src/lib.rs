#![doc = include_str!("../README.md")]

pub mod access;
mod kek;
pub mod keyfile;
#[cfg(feature = "keyring")]
pub mod keyring;
mod source;

mod ring;
mod wrapped;

mod blob;
mod fingerprint;

mod aead;
mod error;
mod framing;

pub use blob::Place;
#[cfg(feature = "keyring")]
pub use error::KeyringError;
pub use error::{KeyFileError, ParseKeyError, SealError};
pub use fingerprint::Domain;
pub use kek::Kek;
pub use ring::KeyRing;
pub use source::{KeyBytes, KeyId, KeySource};
pub use wrapped::{WrappedEpoch, WrappedKeys};
