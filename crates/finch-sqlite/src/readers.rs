//! The connections that read. A hop to another thread costs ten times a lookup, so that a lookup of
//! one row runs in place on whichever connection is free, and hops only when all are taken.
//!
//! One is opened with the store, the others when they are first missed: each reads the whole schema.

use std::{
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::Connection;

use crate::{
    error::{Fault, Result},
    named::Named,
    settings,
};

const COUNT: usize = 4;

#[derive(Debug)]
pub(crate) struct Readers {
    first: Mutex<Connection>,
    more: [OnceLock<Mutex<Connection>>; COUNT - 1],
    named: Named,
    busy_timeout: Duration,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let first = settings::connect_reader(path, busy_timeout).map(Mutex::new)?;
        let (more, next) = (Default::default(), AtomicUsize::new(0));
        Ok(Self { first, more, named: Named::now(path), busy_timeout, next })
    }

    fn opened(&self) -> impl Iterator<Item = &Mutex<Connection>> {
        std::iter::once(&self.first).chain(self.more.iter().filter_map(OnceLock::get))
    }

    /// A connection that nobody uses now. The first is preferred: its cache is warm.
    pub(crate) fn free(&self) -> Option<MutexGuard<'_, Connection>> {
        self.opened().find_map(|connection| match connection.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// A connection: a free one, or one more, or the next one that comes free.
    fn wait(&self) -> MutexGuard<'_, Connection> {
        if let Some(free) = self.free() {
            return free;
        }
        self.open_one_more();
        self.free().unwrap_or_else(|| {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.opened().count();
            let connection = self.opened().nth(turn).unwrap_or(&self.first);
            connection.lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Where that fails, those that are open serve.
    fn open_one_more(&self) {
        if let Some(missing) = self.more.iter().find(|connection| connection.get().is_none())
            && let Ok(connection) = settings::connect_reader(&self.named.path, self.busy_timeout)
            // Another file may have been put in its place since.
            && self.named.is_in_place()
        {
            let _ = missing.set(Mutex::new(connection));
        }
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

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn readers(folder: &Path) -> Readers {
        let path = folder.join("s.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x)").unwrap();
        Readers::open(&path, Duration::ZERO).unwrap()
    }

    #[test]
    fn a_connection_is_opened_when_it_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let readers = readers(folder.path());
        drop(readers.wait());
        drop(readers.wait());
        assert_eq!(readers.opened().count(), 1);
        let held: Vec<_> = (0..COUNT).map(|_| readers.wait()).collect();
        assert_eq!(readers.opened().count(), COUNT);
        for db in &held {
            db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
        }
        assert!(readers.free().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_took_its_place_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let readers = readers(folder.path());
        let held = readers.wait();
        fs::rename(folder.path().join("s.db"), folder.path().join("away")).unwrap();
        fs::write(folder.path().join("s.db"), "").unwrap();
        readers.open_one_more();
        assert_eq!(readers.opened().count(), 1);
        drop(held);
    }
}
