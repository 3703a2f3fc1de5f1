//! The stores of one history.

use std::sync::Arc;

use finch_core::TokenStore;
use finch_sqlite::SqliteTokenStore;
use finch_testkit::MemoryTokenStore;
use tempfile::TempDir;

use crate::application;

/// What the hosts of one history open.
pub(crate) enum Stores {
    /// A store in memory that all share.
    Memory(Arc<MemoryTokenStore>),
    /// A file, and the store of each host over it.
    Disk(TempDir, Vec<Arc<SqliteTokenStore>>),
}

impl Stores {
    pub(crate) fn in_memory() -> Self {
        Self::Memory(Arc::new(MemoryTokenStore::new(application())))
    }

    /// The file is in memory, where the system has such a folder.
    pub(crate) fn on_disk(hosts: usize) -> Self {
        let folder = finch_tests::folder();
        let stores = (0..hosts).map(|_| open(&folder)).collect();
        Self::Disk(folder, stores)
    }

    pub(crate) fn of(&self, host: usize) -> Arc<dyn TokenStore> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            Self::Disk(_, stores) => Arc::clone(&stores[host]) as _,
        }
    }

    /// A process ends and starts again: its store is opened again.
    pub(crate) fn reopen(&mut self, host: usize) {
        if let Self::Disk(folder, stores) = self {
            stores[host] = open(folder);
        }
    }

    /// Everything that is written, journal and all; of a store in memory, nothing is.
    pub(crate) fn written(&self) -> Option<Vec<u8>> {
        let Self::Disk(folder, _) = self else { return None };
        let files = ["finch.db", "finch.db-wal"].map(|name| folder.path().join(name));
        Some(files.iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect())
    }
}

fn open(folder: &TempDir) -> Arc<SqliteTokenStore> {
    finch_tests::sqlite(&folder.path().join("finch.db"), application())
}
