//! What it takes to open a store.

use std::{path::PathBuf, time::Duration};

use finch_core::Application;

/// What it takes to open a store.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct SqliteOptions {
    /// The file. Two journals stand beside it while it is open: `-wal` and `-shm`.
    pub path: PathBuf,
    /// The application that the store is bound to when it is made, and must be bound to ever after.
    pub application: Application,
    /// Whether to make a store where there is none. Off, so that a mistyped path is an error and
    /// not an empty store.
    pub create: bool,
    /// How long to wait for another process before [`Busy`](finch_core::StoreError::Busy).
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    /// Opens an existing store; waits 5 s for other processes.
    pub fn new(path: impl Into<PathBuf>, application: Application) -> Self {
        let busy_timeout = Duration::from_secs(5);
        Self { path: path.into(), application, create: false, busy_timeout }
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
