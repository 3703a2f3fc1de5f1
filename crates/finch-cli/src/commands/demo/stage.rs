//! What the demo runs on: a local Finch on a free port, and a sealed store in a folder of its own.

use std::{fs, fs::Permissions, os::unix::fs::PermissionsExt, sync::Arc, time::Duration};

use finch_app::Finch;
use finch_core::{AccessToken, ClientId, ClientSecret, FinchApi, RequestId};
use finch_emulator::{DisconnectScope, Emulator, EmulatorConfig};
use finch_http::{HttpFinch, HttpFinchConfig};
use finch_seal::Kek;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use serde::Serialize;
use tempfile::TempDir;

use crate::fail::{Exit, Failure};

/// How long a call may take: it goes to this machine.
const LOCAL_TIMEOUT: Duration = Duration::from_secs(10);

/// Dropped in this order: first what writes, then what was written.
pub(super) struct Stage {
    /// The application's connections, as a host holds them.
    pub(super) finch: Finch,
    /// The same client, for the proof.
    http: Arc<HttpFinch>,
    pub(super) emulator: Emulator,
    folder: TempDir,
}

/// The answer to one `GET /introspect`.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Call {
    pub(super) status: u16,
    pub(super) request_id: Option<RequestId>,
}

/// The search for secrets in the store's files, as a thief would make it with `grep`.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(super) struct Searched {
    pub(super) files: usize,
    pub(super) secrets: usize,
    /// How many of the secrets are in one of the files.
    pub(super) found: usize,
}

impl Stage {
    /// Sets everything up. Dropping the stage removes it.
    pub(super) async fn set(disconnect_scope: DisconnectScope) -> Result<Self, Failure> {
        let config = EmulatorConfig { disconnect_scope, ..EmulatorConfig::default() };
        let emulator = Emulator::start_with(config).await?;
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix("finch-demo-").permissions(Permissions::from_mode(0o700));
        let folder = folder.tempdir().map_err(|error| {
            Failure::new(Exit::Failed, "demo", "no temporary folder could be made")
                .because(&error)
                .help("set TMPDIR to a folder with free space that this user may write to")
        })?;
        let id = ClientId::new(emulator.client_id()).map_err(|error| Failure::of(&error))?;
        let mut config = HttpFinchConfig::new(id, ClientSecret::new(emulator.client_secret()));
        config.base_url = emulator.url().to_owned();
        config.timeout = LOCAL_TIMEOUT;
        let http = Arc::new(HttpFinch::new(config)?);
        // The key lives in memory only: nothing of the store can be opened when the demo is over.
        let key = Arc::new(Kek::generate()?);
        let application = http.application().clone();
        let store = SqliteOptions::create(folder.path().join("finch.db"), application);
        let store = SqliteTokenStore::open(store)?;
        let finch = Finch::builder(http.clone(), Arc::new(store), key).open().await?;
        Ok(Self { finch, http, emulator, folder })
    }

    /// A real call with a token.
    pub(super) async fn call(&self, token: &AccessToken) -> Result<Call, Failure> {
        match self.http.introspect(token).await {
            Ok(_) => Ok(Call { status: 200, request_id: None }),
            Err(error) => match error.answer() {
                Some(answer) => {
                    Ok(Call { status: answer.status, request_id: answer.request_id.clone() })
                }
                None => Err(Failure::of(&error)),
            },
        }
    }

    /// Looks for each secret in each of the store's files.
    pub(super) fn search(&self, secrets: &[String]) -> Result<Searched, Failure> {
        let read = || {
            let files = fs::read_dir(self.folder.path())?;
            files.map(|entry| fs::read(entry?.path())).collect::<Result<Vec<_>, _>>()
        };
        let files = read().map_err(|error| {
            Failure::new(Exit::Failed, "demo", "the store's files could not be read")
                .because(&error)
        })?;
        let is_in = |secret: &&String| {
            let is_here = |part: &[u8]| part == secret.as_bytes();
            files.iter().any(|file| file.windows(secret.len().max(1)).any(is_here))
        };
        Ok(Searched {
            files: files.len(),
            secrets: secrets.len(),
            found: secrets.iter().filter(is_in).count(),
        })
    }

    /// How often the local Finch was asked to disconnect.
    pub(super) fn disconnect_calls(&self) -> u64 {
        self.emulator.state().calls.get("POST /disconnect").copied().unwrap_or(0)
    }

    /// Stops the local Finch and removes the folder.
    pub(super) async fn clear(self) -> Result<(), Failure> {
        let Self { finch, http, emulator, folder } = self;
        drop((finch, http));
        emulator.shutdown().await;
        folder.close().map_err(|error| {
            Failure::new(Exit::Failed, "demo", "the temporary folder could not be removed")
                .because(&error)
        })
    }
}
