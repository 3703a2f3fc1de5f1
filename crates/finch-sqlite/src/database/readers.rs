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
    database,
    error::{Fault, Result},
    files::same_file::SameFile,
};

const COUNT: usize = 4;

#[derive(Debug)]
pub(crate) struct Readers {
    first: Mutex<Connection>,
    more: [OnceLock<Mutex<Connection>>; COUNT - 1],
    file: SameFile,
    busy_timeout: Duration,
    next: AtomicUsize,
}

impl Readers {
    pub(crate) fn open(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let first = database::connect_reader(path, busy_timeout).map(Mutex::new)?;
        let (more, next) = (Default::default(), AtomicUsize::new(0));
        Ok(Self { first, more, file: SameFile::at(path), busy_timeout, next })
    }

    pub(crate) fn file(&self) -> &SameFile {
        &self.file
    }

    fn opened(&self) -> impl Iterator<Item = &Mutex<Connection>> {
        std::iter::once(&self.first).chain(self.more.iter().filter_map(OnceLock::get))
    }

    /// A free connection to the files that are still there, if one is free: for a lookup in place.
    pub(crate) fn free(&self) -> Result<Option<MutexGuard<'_, Connection>>> {
        self.file.check()?;
        Ok(self.idle())
    }

    /// A connection that is not in use. The first is preferred: its cache is warm.
    fn idle(&self) -> Option<MutexGuard<'_, Connection>> {
        self.opened().find_map(|connection| match connection.try_lock() {
            Ok(free) => Some(free),
            Err(TryLockError::Poisoned(free)) => Some(free.into_inner()),
            Err(TryLockError::WouldBlock) => None,
        })
    }

    /// A connection: a free one, or one more, or the next one that comes free.
    fn wait(&self) -> MutexGuard<'_, Connection> {
        if let Some(free) = self.idle() {
            return free;
        }
        self.open_one_more();
        self.idle().unwrap_or_else(|| {
            let turn = self.next.fetch_add(1, Ordering::Relaxed) % self.opened().count();
            let connection = self.opened().nth(turn).unwrap_or(&self.first);
            connection.lock().unwrap_or_else(PoisonError::into_inner)
        })
    }

    /// Where that fails, those that are open serve.
    fn open_one_more(&self) {
        if let Some(missing) = self.more.iter().find(|connection| connection.get().is_none())
            && let Ok(connection) = database::connect_reader(self.file.path(), self.busy_timeout)
            && self.file.check().is_ok()
        {
            let _ = missing.set(Mutex::new(connection));
        }
    }

    /// Reads on a thread that may block, in the file that is still there: for everything longer than a
    /// lookup. Without a runtime there is no such thread, and it reads in place.
    pub(crate) async fn elsewhere<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.file.check()?;
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

    /// Beside a connection that keeps the log open, as the store's writer does.
    fn readers(folder: &Path) -> (Connection, Readers) {
        let path = folder.join("s.db");
        let writer = Connection::open(&path).unwrap();
        writer.execute_batch("PRAGMA journal_mode = WAL; CREATE TABLE t (x)").unwrap();
        (writer, Readers::open(&path, Duration::ZERO).unwrap())
    }

    #[test]
    fn a_connection_is_opened_when_it_is_missed() {
        let folder = tempfile::tempdir().unwrap();
        let (_writer, readers) = readers(folder.path());
        drop(readers.wait());
        drop(readers.wait());
        assert_eq!(readers.opened().count(), 1);
        let held: Vec<_> = (0..COUNT).map(|_| readers.wait()).collect();
        assert_eq!(readers.opened().count(), COUNT);
        for db in &held {
            db.query_row("SELECT count(*) FROM t", [], |row| row.get::<_, i64>(0)).unwrap();
        }
        assert!(readers.idle().is_none());
    }

    #[cfg(unix)]
    #[test]
    fn a_file_that_took_its_place_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let (_writer, readers) = readers(folder.path());
        let held = readers.wait();
        fs::rename(folder.path().join("s.db"), folder.path().join("away")).unwrap();
        fs::write(folder.path().join("s.db"), "").unwrap();
        readers.open_one_more();
        assert_eq!(readers.opened().count(), 1);
        drop(held);
    }
}
