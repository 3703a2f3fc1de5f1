//! Opening a store, or making one: what the file is, and whose it is, before anything is written.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use finch_core::{Application, Binding, ClientId, Origin, StoreId};
use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig, params};

use crate::{
    atomic_file::AtomicFile,
    database::{self, PATIENCE},
    error::{Fault, Result, StoreFileError, StoreProblem, broken, is_busy},
    files::{self, Place},
    schema,
};

/// What it takes to open a store.
#[derive(Clone, Debug)]
pub struct SqliteOptions {
    /// The file. Two journals stand beside it while it is open: `-wal` and `-shm`.
    pub path: PathBuf,
    /// The application that the store is bound to when it is made, and must be bound to ever after.
    pub application: Application,
    /// Whether to make a store where there is none. Off, so that a mistyped path is an error and
    /// not an empty store.
    pub create: bool,
    /// How long to wait for another process before [`Busy`](finch_core::StoreError::Busy): 5 s.
    pub busy_timeout: Duration,
}

impl SqliteOptions {
    /// Opens an existing store.
    pub fn new(path: impl Into<PathBuf>, application: Application) -> Self {
        Self { path: path.into(), application, create: false, busy_timeout: PATIENCE }
    }

    /// Opens a store, or makes it where there is none.
    pub fn create(path: impl Into<PathBuf>, application: Application) -> Self {
        Self { create: true, ..Self::new(path, application) }
    }
}

/// What a store is, and whose.
pub(crate) fn binding(db: &Connection) -> Result<Binding> {
    let (id, client_id, origin): (_, String, String) =
        db.query_row("SELECT uuid, client_id, origin FROM store", [], |row| row.try_into())?;
    let client_id = ClientId::new(client_id).map_err(|_| broken("its client id"))?;
    let origin = Origin::new(&origin).map_err(|_| broken("its address"))?;
    Ok(Binding { store: StoreId(id), application: Application { client_id, origin } })
}

/// Opens the store at the path of `options`, or makes one where there is none, and they say so. Returns the
/// connection that writes.
pub(crate) fn open(
    options: &SqliteOptions,
) -> Result<(Connection, Place, Binding), StoreFileError> {
    let place = match files::find_alone(&options.path) {
        Err(error) if options.create && error.problem == StoreProblem::Missing => {
            create(&error.path, options)?;
            files::find_alone(&error.path)?
        }
        found => found?,
    };
    let (db, binding) = open_at(&place, options).map_err(|fault| fault.at(&place.path))?;
    Ok((db, place, binding))
}

pub(crate) fn open_at(place: &Place, options: &SqliteOptions) -> Result<(Connection, Binding)> {
    // While it may still be refused, a log stays as it is.
    let keep_log = place.journal_len > 0;
    let db = database::connect_writer(&place.path, options.busy_timeout, keep_log)?;
    if db.is_readonly("main")? {
        return Err(Fault::Refused(StoreProblem::ReadOnly));
    }
    let bound = examine(&db, place)?.application;
    if bound != options.application && !bind_again(&db, &options.application)? {
        let asked = options.application.clone();
        return Err(Fault::Refused(StoreProblem::OtherApplication { bound, asked }));
    }
    // Turns the write-ahead log on, for good. SQLite does not wait for other processes here.
    let log = || database::journal(&db, "WAL");
    wait_while(is_busy, options.busy_timeout, log)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    // Read with the log: the connection that writes opens it first. One that cannot write would take an I/O error
    // for a file system that is read-only.
    let binding = binding(&db)?;
    Ok((db, binding))
}

/// Repeats what fails for as long as another process is at work, up to `patience`.
fn wait_while<T, E>(
    is_busy: impl Fn(&E) -> bool,
    patience: Duration,
    mut attempt: impl FnMut() -> Result<T, E>,
) -> Result<T, E> {
    let start = Instant::now();
    loop {
        match attempt() {
            Err(error) if is_busy(&error) && start.elapsed() < patience => {
                thread::sleep(Duration::from_millis(2));
            }
            done => return done,
        }
    }
}

/// Whether a database is a store of this release, and as whole as shows at once.
fn examine(db: &Connection, place: &Place) -> Result<Binding> {
    let tx = db.unchecked_transaction()?;
    schema::check(&tx)?;
    let page: u32 = tx.pragma_query_value(None, "page_size", |row| row.get(0))?;
    if place.journal_len == 0 && !place.len.is_multiple_of(page.into()) {
        return Err(Fault::Broken("it ends in the middle of a page".to_owned()));
    }
    binding(&tx)
}

/// Whether a store holds nothing that Finch has answered: no attempt, no token, no connection.
pub(crate) fn is_empty(db: &Connection) -> rusqlite::Result<bool> {
    let sql = "SELECT NOT EXISTS (SELECT 1 FROM attempts UNION ALL SELECT 1 FROM tokens \
        UNION ALL SELECT 1 FROM connections)";
    db.query_row(sql, [], |row| row.get(0))
}

/// Binds a store to another application if it is empty. Returns whether it was.
fn bind_again(db: &Connection, application: &Application) -> Result<bool> {
    let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let empty = is_empty(&tx)?;
    if empty {
        let sql = "UPDATE store SET client_id = ?1, origin = ?2";
        tx.execute(sql, [application.client_id.as_str(), application.origin.as_str()])?;
        tx.commit()?;
    }
    Ok(empty)
}

/// Makes a store at `path`, where none is; or waits for another process that makes it right now.
fn create(path: &Path, options: &SqliteOptions) -> Result<(), StoreFileError> {
    let is_busy = |error: &StoreFileError| error.problem == StoreProblem::Busy;
    let file = wait_while(is_busy, options.busy_timeout, || AtomicFile::claim(path))?;
    // The other process has made it, or has left a log in the meantime.
    match files::find(path) {
        Err(error) if error.problem == StoreProblem::Missing => {}
        found => return found.map(drop),
    }
    fill(&file.path, options).map_err(|fault| fault.at(path))?;
    // No process that makes a store can be writing to it.
    if fs::symlink_metadata(path).is_ok_and(|found| found.len() == 0) {
        fs::remove_file(path).map_err(|error| StoreFileError::io(path, error))?;
    }
    file.name()
}

fn fill(path: &Path, options: &SqliteOptions) -> Result<()> {
    let Application { client_id, origin } = &options.application;
    let db = database::connect_writer(path, options.busy_timeout, false)?;
    let tx = Transaction::new_unchecked(&db, TransactionBehavior::Immediate)?;
    schema::create(&tx)?;
    tx.execute(
        "INSERT INTO store (id, uuid, client_id, origin, seq, keyring_version, keyring, oldest_epoch, \
            record_events, record_hash) VALUES (1, ?1, ?2, ?3, 0, 0, x'', 0, 0, zeroblob(32))",
        params![uuid::Uuid::new_v4().into_bytes(), client_id.as_str(), origin.as_str()],
    )?;
    tx.commit()?;
    Ok(database::close(db)?)
}
