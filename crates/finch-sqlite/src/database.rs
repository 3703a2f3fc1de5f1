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
    error::{Fault, Result, STOPPED, is_busy},
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

/// Cells are checked before a page is written, so that damage does not spread. Readers skip it: it costs a quarter of
/// `access_token`.
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

/// After so many of its instructions SQLite asks whether a read in place goes on. It counts on where the last run of a
/// cached statement ended, so that each statement may bring one question more.
const STEP: i32 = 250;

/// A read is short up to this many steps, in all its statements together. A connection of a hundred tokens takes about twelve.
const SHORT: u32 = 16;

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

    /// Reads in the files that are still there, on this thread. None: no connection is free, the read is not
    /// [short](SHORT), or it would have to wait for a lock.
    pub(crate) fn in_place<T>(
        &self,
        read: impl FnOnce(&Connection) -> Result<T>,
    ) -> Result<Option<T>> {
        self.file.check()?;
        let Some(db) = self.idle() else { return Ok(None) };
        let short = Short::on(db, self.busy_timeout)?;
        match read(&short.db) {
            Err(Fault::Sqlite(error)) if is_interrupted(&error) || is_busy(&error) => Ok(None),
            found => found.map(Some),
        }
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

    /// Reads in place where a connection is free and the read is [short](SHORT); otherwise on a thread that may block.
    pub(crate) async fn shortly<T: Send + 'static>(
        self: &Arc<Self>,
        read: impl Fn(&Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        match self.in_place(&read)? {
            Some(found) => Ok(found),
            None => self.elsewhere(read).await,
        }
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

/// A connection on which reads are interrupted once they are no longer [short](SHORT), and wait for no lock. Dropped, it
/// is as before, also where a read has panicked.
struct Short<'a> {
    db: MutexGuard<'a, Connection>,
    busy_timeout: Duration,
}

impl<'a> Short<'a> {
    fn on(db: MutexGuard<'a, Connection>, busy_timeout: Duration) -> rusqlite::Result<Self> {
        let mut short = Self { db, busy_timeout };
        let mut left = SHORT;
        let is_over = move || {
            left = left.saturating_sub(1);
            left == 0
        };
        short.db.progress_handler(STEP, Some(is_over))?;
        short.db.busy_timeout(Duration::ZERO)?;
        Ok(short)
    }
}

impl Drop for Short<'_> {
    fn drop(&mut self) {
        // Neither fails: both only set what the connection does.
        let _ = self.db.progress_handler(0, None::<fn() -> bool>);
        let _ = self.db.busy_timeout(self.busy_timeout);
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
    use std::{
        panic::{AssertUnwindSafe, catch_unwind},
        thread::{self, ThreadId},
    };

    use super::*;
    use crate::rows::first;

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
                assert_eq!(setting(db, name), value, "{name}");
            }
        }
        for (db, value) in [(&writer, 1), (&reader, 0)] {
            assert_eq!(setting(db, "cell_size_check"), value);
        }
        assert!(reader.execute_batch("CREATE TABLE t (x)").is_err());
        assert!(writer.execute_batch("CREATE TABLE t (x)").is_ok());
    }

    fn setting(db: &Connection, name: &str) -> i64 {
        db.pragma_query_value(None, name, |row| row.get(0)).unwrap()
    }

    /// A database with this journal, and one connection that reads it.
    fn readers(mode: &str) -> (tempfile::TempDir, Connection, Arc<Readers>) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        let db = Connection::open(&path).unwrap();
        journal(&db, mode).unwrap();
        let readers = Arc::new(Readers::open(&path, PATIENCE).unwrap());
        (folder, db, readers)
    }

    /// Counts in a transaction, by a cached statement: how far, and on which thread.
    fn count(rows: i64) -> impl Fn(&Connection) -> Result<(Option<i64>, ThreadId)> {
        move |db| {
            let transaction = db.unchecked_transaction()?;
            let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?1) \
                SELECT count(*) FROM n";
            Ok((first(&transaction, sql, [rows])?, thread::current().id()))
        }
    }

    #[tokio::test]
    async fn only_what_is_short_is_read_in_place() {
        let (_folder, _db, readers) = readers("WAL");
        let here = thread::current().id();
        for (rows, times, in_place) in [(10, 2000, true), (100_000, 3, false), (10, 2000, true)] {
            for time in 0..times {
                let (counted, thread) = readers.shortly(count(rows)).await.unwrap();
                let expected = (Some(rows), in_place);
                assert_eq!((counted, thread == here), expected, "{rows}, time {time}");
                assert!(readers.wait().is_autocommit());
            }
        }
    }

    #[test]
    fn the_bound_holds_for_all_statements_of_a_read_together() {
        let (_folder, _db, readers) = readers("WAL");
        let many = |times: u32| {
            let count = count(10);
            readers.in_place(move |db| (0..times).try_for_each(|_| count(db).map(drop))).unwrap()
        };
        assert_eq!((many(3), many(1000)), (Some(()), None));
    }

    #[test]
    fn a_read_in_place_waits_for_no_lock() {
        let (_folder, db, readers) = readers("DELETE");
        let timeout = readers.in_place(|db| Ok(setting(db, "busy_timeout"))).unwrap();
        assert_eq!((timeout, setting(&readers.wait(), "busy_timeout")), (Some(0), 5000));
        db.execute_batch("BEGIN EXCLUSIVE").unwrap();
        let read = |db: &Connection| {
            Ok(db.query_row("SELECT count(*) FROM sqlite_schema", [], |_| Ok(()))?)
        };
        assert_eq!(readers.in_place(read).unwrap(), None, "to be read elsewhere");
        db.execute_batch("COMMIT").unwrap();
        assert_eq!(readers.in_place(read).unwrap(), Some(()));
    }

    #[test]
    fn after_a_panic_nothing_is_interrupted() {
        let (_folder, _db, readers) = readers("WAL");
        let panicking = AssertUnwindSafe(|| readers.in_place(|_| -> Result<()> { panic!() }));
        catch_unwind(panicking).unwrap_err();
        let db = readers.wait();
        assert_eq!(count(100_000)(&db).unwrap().0, Some(100_000));
        assert_eq!(setting(&db, "busy_timeout"), 5000);
    }
}
