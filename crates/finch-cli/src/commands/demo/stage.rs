//! What the demo plays on: a local Finch on a free port, and a sealed store in a folder of its own.

use std::{
    fs::Permissions, os::unix::fs::PermissionsExt, path::PathBuf, sync::Arc, time::Duration,
};

use finch_app::Finch;
use finch_core::{ClientId, ClientSecret};
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig};
use finch_http::{HttpFinch, HttpFinchConfig};
use finch_seal::Kek;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use tempfile::TempDir;

use crate::fail::{Exit, Failure};

/// How long a call may take: it goes to this machine.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Dropped in this order: first who writes, then where it was written.
pub(crate) struct Stage {
    /// The application's connections, as a host holds them.
    pub(crate) finch: Finch,
    /// The same client, for the proof.
    pub(crate) http: Arc<HttpFinch>,
    pub(crate) emulator: Emulator,
    folder: TempDir,
}

impl Stage {
    /// Sets everything up. Dropping the stage removes it.
    pub(crate) async fn set(scope: DisconnectScope) -> Result<Self, Failure> {
        let config = EmulatorConfig { disconnect_scope: scope, ..EmulatorConfig::default() };
        let emulator = Emulator::start_with(config).await?;
        let folder = tempfile::Builder::new()
            .prefix("finch-demo-")
            .permissions(Permissions::from_mode(0o700))
            .tempdir()
            .map_err(|error| {
                Failure::new(Exit::Failed, "demo", "no temporary folder could be made").because(&error).help(
                    "make room where temporary files are, or set TMPDIR to a folder that this user may write to",
                )
            })?;
        let id = ClientId::new(emulator.client_id())
            .map_err(|e| Failure::bad_id("the client id", &e))?;
        let mut config = HttpFinchConfig::new(id, ClientSecret::new(emulator.client_secret()));
        config.base_url = emulator.url().to_owned();
        config.timeout = LOCAL_TIMEOUT;
        let http = Arc::new(HttpFinch::new(config)?);
        let application = finch_core::FinchApi::application(&*http).clone();
        // The key lives in memory only: nothing of the store can be opened when the demo is over.
        let key = Arc::new(Kek::generate()?);
        let store = SqliteOptions::new(folder.path().join("finch.db"), application).create(true);
        let store = SqliteTokenStore::open(store)?;
        let finch = Finch::builder(http.clone(), Arc::new(store), key).open().await?;
        Ok(Self { finch, http, emulator, folder })
    }

    /// Where the store's files are.
    pub(crate) fn folder(&self) -> PathBuf {
        self.folder.path().to_owned()
    }

    /// Stops the local Finch and removes the folder.
    pub(crate) async fn clear(self) -> Result<(), Failure> {
        let Self { finch, http, emulator, folder } = self;
        drop((finch, http));
        emulator.shutdown().await;
        folder.close().map_err(|error| {
            Failure::new(Exit::Failed, "demo", "the temporary folder could not be removed")
                .because(&error)
        })
    }
}
