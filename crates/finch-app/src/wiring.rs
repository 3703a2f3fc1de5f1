//! The embedded default: Finch over HTTP, and a SQLite store.

use std::{path::PathBuf, sync::Arc};

use finch_core::FinchApi;
use finch_http::{HttpFinch, HttpFinchConfig};
use finch_seal::KeySource;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};

use crate::{Finch, OpenFinchError};

impl Finch {
    /// Opens the embedded default. The store at `path` is made if there is none and no log of one was left
    /// there, and belongs to the application and API origin of `http` ever after; `keys` opens what is
    /// sealed in it.
    ///
    /// # Errors
    /// [`OpenFinchError`]. Nothing was sent.
    pub async fn open(
        http: HttpFinchConfig,
        path: impl Into<PathBuf>,
        keys: Arc<dyn KeySource>,
    ) -> Result<Self, OpenFinchError> {
        let api = HttpFinch::new(http)?;
        let options = SqliteOptions::new(path, api.application().clone()).create(true);
        let store = SqliteTokenStore::open(options)?;
        Self::builder(Arc::new(api), Arc::new(store), keys).open().await
    }
}
