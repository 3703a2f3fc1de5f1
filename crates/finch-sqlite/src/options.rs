//! What it takes to open a store.

use std::{fmt, path::PathBuf, sync::Arc, time::Duration};

use finch_core::Application;
use finch_seal::KeySource;

/// What it takes to open a store.
#[derive(Clone)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The file. Two journals stand beside it while it is open: `-wal` and `-shm`.
    pub path: PathBuf,
    /// The application that the store is bound to when it is made, and must be bound to ever after.
    pub application: Application,
    /// The key that the store's own keys are wrapped with. Used while opening, and when they are rotated.
    pub keys: Arc<dyn KeySource>,
    /// Whether to make a store where there is none. Off, so that a mistyped path is an error and
    /// not an empty store.
    pub create: bool,
    /// How long to wait for another process before [`Busy`](finch_core::StoreError::Busy).
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    /// Opens an existing store; waits 5 s for other processes.
    pub fn new(
        path: impl Into<PathBuf>,
        application: Application,
        keys: Arc<dyn KeySource>,
    ) -> Self {
        Self {
            path: path.into(),
            application,
            keys,
            create: false,
            busy_timeout: Duration::from_secs(5),
        }
    }

    /// Makes a store where there is none.
    #[must_use]
    pub fn create(self, create: bool) -> Self {
        Self { create, ..self }
    }

    /// Waits so long for other processes.
    #[must_use]
    pub fn busy_timeout(self, busy_timeout: Duration) -> Self {
        Self { busy_timeout, ..self }
    }
}

impl fmt::Debug for SqliteOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("SqliteOptions");
        shown.field("path", &self.path).field("application", &self.application);
        shown.field("keys", &self.keys.id()).field("create", &self.create);
        shown.field("busy_timeout", &self.busy_timeout).finish()
    }
}
