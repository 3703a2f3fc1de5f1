//! The connections that read. A hop to another thread costs ten times a lookup, so that a lookup of
//! one row runs in place on whichever connection is free, and hops only when all are taken.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;

use crate::{
    error::{Fault, Result},
    settings,
};

const COUNT: usize = 4;

#[derive(Debug)]
pub(crate) struct Readers {
    connections: [Mutex<Connection>; COUNT],
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let open = || settings::connect_reader(path, busy_timeout).map(Mutex::new);
        Ok(Self { connections: [open()?, open()?, open()?, open()?], next: AtomicUsize::new(0) })
    }

    /// A connection that nobody uses now. The first is preferred: its cache is warm.
    pub(crate) fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        self.connections.iter().find_map(|connection| match connection.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// A connection, waiting for one if all are taken.
    fn wait(&self) -> MutexGuard<'_, Connection> {
        self.free().unwrap_or_else(|| {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % COUNT;
            self.connections[turn].lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Reads on a thread that may block: for everything longer than a lookup. Without a runtime there
    /// is no such thread, and it reads in place.
    pub(crate) async fn elsewhere<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => {
                let readers = Arc::clone(self);
                runtime
                    .spawn_blocking(move || read(&readers.wait()))
                    .await
                    .map_err(|_| Fault::Stopped)?
            }
            Err(_) => read(&self.wait()),
        }
    }
}
