//! The stores of a thread: one SQLite file that is emptied between histories, opened by every host.

use std::sync::Arc;

use finch_core::{Application, TokenStore};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::MemoryTokenStore;
use rusqlite::config::DbConfig;

/// At most so many hosts.
pub(crate) const HOSTS: usize = 3;

/// A file and those who have it open.
pub struct Disk {
    folder: tempfile::TempDir,
    application: Application,
    stores: Vec<Arc<SqliteTokenStore>>,
    /// Empties the file, past the stores.
    broom: rusqlite::Connection,
}

/// What the hosts of one history open.
pub(crate) enum Stores<'a> {
    /// A store in memory that all share.
    Memory(Arc<MemoryTokenStore>),
    Disk(&'a mut Disk),
}

impl Disk {
    /// Makes the file, in memory where the system has such a folder.
    ///
    /// # Panics
    /// If the store cannot be made.
    pub fn new(application: Application) -> Self {
        let folder = finch_tests::folder();
        let open = |_| Arc::new(open(&folder, &application));
        let stores = (0..HOSTS).map(open).collect();
        let broom = rusqlite::Connection::open(folder.path().join("finch.db")).expect("the file");
        let settings = "PRAGMA synchronous = OFF; PRAGMA busy_timeout = 5000";
        broom.execute_batch(settings).expect("settings");
        // Events are kept, but for the broom.
        let without_triggers = broom.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_TRIGGER, false);
        without_triggers.expect("settings");
        Self { folder, application, stores, broom }
    }

    /// Forgets everything that a history left.
    ///
    /// # Panics
    /// If the file cannot be written.
    pub(crate) fn sweep(&mut self) {
        let sweep = "BEGIN IMMEDIATE;
            DELETE FROM events; DELETE FROM pace;
            DELETE FROM attempts; DELETE FROM secrets;
            DELETE FROM tokens; DELETE FROM disconnects;
            DELETE FROM retirements; DELETE FROM connections;
            UPDATE store SET seq = 0, keyring_version = 0, keyring = x'', oldest_epoch = 0,
                record_events = 0, record_hash = zeroblob(32);
            COMMIT";
        self.broom.execute_batch(sweep).expect("an empty store");
    }

    /// A process ends and starts again: its store is opened again.
    pub(crate) fn reopen(&mut self, host: usize) {
        self.stores[host] = Arc::new(open(&self.folder, &self.application));
    }

    /// Everything that is written, journal and all.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let files = ["finch.db", "finch.db-wal"].map(|name| self.folder.path().join(name));
        files.iter().flat_map(|file| std::fs::read(file).unwrap_or_default()).collect()
    }
}

fn open(folder: &tempfile::TempDir, application: &Application) -> SqliteTokenStore {
    let path = folder.path().join("finch.db");
    let options = SqliteOptions::create(path, application.clone());
    SqliteTokenStore::open(options).expect("a store")
}

impl Stores<'_> {
    pub(crate) fn of(&self, host: usize) -> Arc<dyn TokenStore> {
        match self {
            Self::Memory(store) => Arc::clone(store) as _,
            Self::Disk(disk) => Arc::clone(&disk.stores[host]) as _,
        }
    }
}
