//! The embedded default: Finch over HTTP, and a sealed SQLite store.

use std::{path::PathBuf, sync::Arc};

use finch_core::FinchApi;
use finch_http::{ConfigError, HttpFinch, HttpFinchConfig};
use finch_seal::KeySource;
use finch_sqlite::{OpenStoreError, SqliteOptions, SqliteTokenStore};
use thiserror::Error;

use crate::{Finch, OtherApplicationError};

/// Why the embedded default does not open.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OpenFinchError {
    /// The client's configuration is wrong.
    #[error("Finch cannot be called with this configuration")]
    Http(#[from] ConfigError),
    /// The store does not open.
    #[error("the store cannot be opened")]
    Store(#[from] OpenStoreError),
    /// The store belongs to another application.
    #[error(transparent)]
    OtherApplication(#[from] OtherApplicationError),
}

impl Finch {
    /// Opens the embedded default. The store at `path` is made if there is none and no log of one was left
    /// there, and belongs to the application and API origin of `http` ever after; `keys` opens what is
    /// sealed in it.
    ///
    /// # Errors
    /// [`OpenFinchError`]. Nothing was sent.
    pub fn open(
        http: HttpFinchConfig,
        path: impl Into<PathBuf>,
        keys: Arc<dyn KeySource>,
    ) -> Result<Self, OpenFinchError> {
        let api = HttpFinch::new(http)?;
        let options = SqliteOptions::new(path, api.application().clone(), keys).create(true);
        let store = SqliteTokenStore::open(options)?;
        Ok(Self::new(Arc::new(api), Arc::new(store))?)
    }
}
