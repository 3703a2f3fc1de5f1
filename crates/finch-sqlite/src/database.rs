//! Connections to the database, and how SQLite is set. What is set here holds for one connection, and writes
//! nothing.

use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use rusqlite::{Connection, ErrorCode, OpenFlags, config::DbConfig};

use crate::{
    error::{Fault, Result, STOPPED},
    files,
    same_file::SameFile,
};

/// For both kinds of connections.
const COMMON: &str = "
    PRAGMA synchronous = FULL;
    PRAGMA secure_delete = ON;
    PRAGMA temp_store = MEMORY;
    PRAGMA foreign_keys = ON;
    PRAGMA trusted_schema = OFF;
";

/// Damage that is found in a page before it is written keeps from spreading. A connection that only reads spreads none,
/// and would check every page at every look.
const WRITING: &str = "PRAGMA cell_size_check = ON";

/// Reads may map the file: half the time of a lookup in a large store.
const READING: &str = "
    PRAGMA query_only = ON;
    PRAGMA mmap_size = 1073741824;
";

/// The busy timeout where the caller has set none.
pub(crate) const PATIENCE: Duration = Duration::from_secs(5);

/// Room for every statement of this crate.
const STATEMENTS: usize = 64;

/// So many connections read.
const COUNT: usize = 4;

/// How many instructions of SQLite's a statement of a short read may take: a connection of some tokens is a few hundred.
const SHORT: i32 = 4000;

/// The connection that writes. `keep_log`: closing it does not move the log into the database, for as long
/// as it is not known that the two belong together.
pub(crate) fn connect_writer(
    path: &Path,
    busy_timeout: Duration,
    keep_log: bool,
) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE, busy_timeout)?;
    // First of all: already the settings read the schema, and may find it damaged.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log)?;
    db.execute_batch(COMMON)?;
    db.execute_batch(WRITING)?;
    Ok(db)
}

/// A connection that cannot write.
pub(crate) fn connect_reader(path: &Path, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let db = connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY, busy_timeout)?;
    db.execute_batch(COMMON)?;
    db.execute_batch(READING)?;
    Ok(db)
}

/// A connection that cannot write, to a file that no other process uses: no journal is looked for or made.
pub(crate) fn connect_idle(path: &Path) -> rusqlite::Result<Connection> {
    let mut uri = b"file:".to_vec();
    for byte in path.as_os_str().as_bytes() {
        match byte {
            b'%' | b'?' | b'#' => uri.extend(format!("%{byte:02x}").bytes()),
            byte => uri.push(*byte),
        }
    }
    uri.extend(b"?immutable=1");
    let access = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI;
    let db = connect(OsStr::from_bytes(&uri).as_ref(), access, PATIENCE)?;
    db.execute_batch(COMMON)?;
    Ok(db)
}

/// Through no link: the path is what was checked.
fn connect(path: &Path, access: OpenFlags, busy_timeout: Duration) -> rusqlite::Result<Connection> {
    let _guard = files::opening();
    let flags = access | OpenFlags::SQLITE_OPEN_NO_MUTEX | OpenFlags::SQLITE_OPEN_NOFOLLOW;
    let db = Connection::open_with_flags(path, flags)?;
    db.busy_timeout(busy_timeout)?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    // A plan that may depend on what is bound is made again whenever bindings are cleared, as the
    // cache of statements does each time: that cost six times the hot lookup.
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    Ok(db)
}

/// Sets the journal: `WAL`, or `DELETE`, which puts everything into the one file.
pub(crate) fn journal(db: &Connection, mode: &str) -> rusqlite::Result<()> {
    db.pragma_update_and_check(None, "journal_mode", mode, |row| row.get::<_, String>(0)).map(drop)
}

/// Moves the log into the database and empties it, so that no wiped secret stays in it. Returns
/// whether it did: a reader that still needs the log prevents it.
pub(crate) fn empty_log(db: &Connection) -> rusqlite::Result<bool> {
    db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| Ok(row.get::<_, i64>(0)? == 0))
}

/// Closes a connection: what it has prepared would keep it open.
pub(crate) fn close(db: Connection) -> rusqlite::Result<()> {
    db.flush_prepared_statement_cache();
    db.close().map_err(|(_, error)| error)
}

/// Whether SQLite finds the whole file in order.
pub(crate) fn check(db: &Connection, how: &str) -> Result<()> {
    let said: String = db.query_row(&format!("PRAGMA {how}(1)"), [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(Fault::Broken("SQLite finds errors in it".to_owned())) }
}

/// The connections that read. A hop to another thread costs ten times a lookup, so that what is short runs in place on
/// whichever connection is free, and hops only when all are taken.
///
/// One is opened with the store, the others when they are first missed: each reads the whole schema.
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
        let first = connect_reader(path, busy_timeout).map(Mutex::new)?;
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
            && let Ok(connection) = connect_reader(self.file.path(), self.busy_timeout)
            && self.file.check().is_ok()
        {
            let _ = missing.set(Mutex::new(connection));
        }
    }

    /// Reads on a connection that is free, for as long as a [short](SHORT) read takes; else elsewhere.
    pub(crate) async fn shortly<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        if let Some(mut db) = self.free()? {
            db.progress_handler(SHORT, Some(|| true))?;
            let found = read(&db);
            db.progress_handler(0, None::<fn() -> bool>)?;
            if !matches!(&found, Err(Fault::Sqlite(error)) if is_interrupted(error)) {
                return found;
            }
        }
        self.elsewhere(read).await
    }

    /// Reads in the file that is still there, for as long as it takes.
    pub(crate) async fn elsewhere<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl FnOnce(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        self.file.check()?;
        let readers = Arc::clone(self);
        blocking(move || read(&readers.wait())).await?
    }
}

fn is_interrupted(error: &rusqlite::Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::OperationInterrupted)
}

/// Works on a thread that may block. Without a runtime there is no such thread, and it works in place.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T> {
    match tokio::runtime::Handle::try_current() {
        Ok(runtime) => runtime.spawn_blocking(work).await.map_err(|_| STOPPED),
        Err(_) => Ok(work()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_settings_hold() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        std::fs::write(&path, "").unwrap();
        let writer = connect_writer(&path, Duration::from_secs(5), false).unwrap();
        journal(&writer, "WAL").unwrap();
        let reader = connect_reader(&path, Duration::from_secs(5)).unwrap();
        for (name, value) in [
            ("synchronous", 2),
            ("secure_delete", 1),
            ("temp_store", 2),
            ("foreign_keys", 1),
            ("trusted_schema", 0),
            ("busy_timeout", 5000),
        ] {
            for db in [&writer, &reader] {
                let found = db.pragma_query_value(None, name, |row| row.get(0));
                assert_eq!(found, Ok(value), "{name}");
            }
        }
        assert!(reader.execute_batch("CREATE TABLE t (x)").is_err());
        assert!(writer.execute_batch("CREATE TABLE t (x)").is_ok());
    }

    #[tokio::test]
    async fn only_what_is_short_is_read_in_place() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let db = Connection::open(&path).unwrap();
        journal(&db, "WAL").unwrap();
        let readers = Arc::new(Readers::open(&path, PATIENCE).unwrap());
        let here = std::thread::current().id();
        for (rows, in_place) in [(10, true), (100_000, false), (10, true)] {
            let count = move |db: &Connection| {
                let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                    SELECT count(*) FROM n";
                let counted: i64 = db.query_row(sql, [rows], |row| row.get(0))?;
                Ok((counted, std::thread::current().id()))
            };
            let (counted, thread) = readers.shortly(count).await.unwrap();
            assert_eq!((counted, thread == here), (rows, in_place), "{rows}");
        }
    }
}
