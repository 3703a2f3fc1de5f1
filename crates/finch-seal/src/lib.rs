#![doc = include_str!("../README.md")]

#[cfg(unix)]
pub mod access;
mod kek;
#[cfg(unix)]
pub mod keyfile;
#[cfg(feature = "keyring")]
pub mod keyring;
mod source;

mod document;
mod ring;
mod wrapped;

mod blob;
mod fingerprint;
mod place;

mod aead;
mod error;
mod framing;

#[cfg(feature = "keyring")]
pub use error::KeyringError;
pub use error::{KeyFileError, ParseKeyError, SealError};
pub use fingerprint::Domain;
pub use kek::Kek;
pub use place::Place;
pub use ring::{KeyRing, epoch_of};
pub use source::{KeyBytes, KeyId, KeySource};
pub use wrapped::{WrappedEpoch, WrappedKeys};
