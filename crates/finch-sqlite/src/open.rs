//! Opening a store, or making one: what the file is, and whose it is, before anything is written.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use finch_core::{Application, ClientId, Origin, StoreId};
use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig, params};

use crate::{
    atomic_file::AtomicFile,
    database,
    error::{Fault, Result, broken},
    files::{self, Place},
    open_error::{OpenStoreError, Refusal},
    rows::first,
    schema::{self, APPLICATION_ID, VERSION},
    writer::BINDING,
};

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

/// A store that is the right one.
pub(crate) struct Opened {
    /// The connection that writes.
    pub(crate) db: Connection,
    pub(crate) path: PathBuf,
    pub(crate) id: StoreId,
    /// What the store is bound to, as it is kept.
    pub(crate) binding: String,
}

/// Opens the store at the path of `options`, or makes one where there is none, and they say so.
pub(crate) fn open(options: &SqliteOptions) -> Result<Opened, OpenStoreError> {
    let place = match files::find_alone(&options.path) {
        Err(OpenStoreError::Missing { path }) if options.create => {
            create(&path, options)?;
            files::find_alone(&path)?
        }
        found => found?,
    };
    open_at(&place, options).map_err(|refusal| refusal.into_error(&place.path))
}

pub(crate) fn open_at(place: &Place, options: &SqliteOptions) -> Result<Opened, Refusal> {
    // While it may still be refused, a log stays as it is.
    let keep_log = place.journal_len > 0;
    let db = database::connect_writer(&place.path, options.busy_timeout, keep_log)?;
    if db.is_readonly("main")? {
        let read_only = rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY);
        return Err(rusqlite::Error::SqliteFailure(read_only, None).into());
    }
    let bound = examine(&db, place)?;
    if bound != options.application && !bind_again(&db, &options.application)? {
        let asked = options.application.clone();
        return Err(Refusal::OtherApplication { bound, asked });
    }
    database::log_ahead(&db, options.busy_timeout)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    let id = id(&db)?;
    let binding = first(&db, BINDING, [])?.ok_or_else(|| broken("its row of itself"))?;
    Ok(Opened { db, path: place.path.clone(), id, binding })
}

/// Whether a database is a store of this release, and as whole as shows at once. Returns what it is bound to.
fn examine(db: &Connection, place: &Place) -> Result<Application, Refusal> {
    let tx = db.unchecked_transaction()?;
    is_store(&tx)?;
    let page: u32 = tx.pragma_query_value(None, "page_size", |row| row.get(0))?;
    if place.journal_len == 0 && !place.len.is_multiple_of(page.into()) {
        return Err(Fault::Broken("it ends in the middle of a page".to_owned()).into());
    }
    Ok(application(&tx)?)
}

/// Whether a database is a store, of this release's version and with its schema.
pub(crate) fn is_store(db: &Connection) -> Result<(), Refusal> {
    if db.pragma_query_value(None, "application_id", |row| row.get::<_, i32>(0))? != APPLICATION_ID
    {
        return Err(Refusal::NotAStore);
    }
    match db.pragma_query_value(None, "user_version", |row| row.get(0))? {
        VERSION => {}
        found => return Err(Refusal::OtherVersion(found)),
    }
    match schema::difference(db)? {
        Some(difference) => Err(Refusal::Schema(difference)),
        None => Ok(()),
    }
}

/// The random identity of a store.
pub(crate) fn id(db: &Connection) -> rusqlite::Result<StoreId> {
    db.query_row("SELECT uuid FROM store", [], |row| row.get(0)).map(StoreId)
}

/// The application that a store is bound to.
pub(crate) fn application(db: &Connection) -> Result<Application> {
    let row = db.query_row("SELECT client_id, origin FROM store", [], |row| {
        Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?))
    });
    let (client_id, origin) = row?;
    Ok(Application {
        client_id: ClientId::new(client_id).map_err(|_| broken("its client id"))?,
        origin: Origin::new(&origin).map_err(|_| broken("its address"))?,
    })
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
fn create(path: &Path, options: &SqliteOptions) -> Result<(), OpenStoreError> {
    let file = claim(path, options.busy_timeout)?;
    // The other process has made it, or has left a log in the meantime.
    match files::find(path) {
        Err(OpenStoreError::Missing { .. }) => {}
        found => return found.map(drop),
    }
    fill(&file.path, options).map_err(|refusal| refusal.into_error(path))?;
    // No process that makes a store can be writing to it.
    if fs::symlink_metadata(path).is_ok_and(|found| found.len() == 0) {
        fs::remove_file(path).map_err(|error| OpenStoreError::system(path, error))?;
    }
    file.name()
}

/// The file in which the store is made, which is one process's at a time.
fn claim(path: &Path, patience: Duration) -> Result<AtomicFile, OpenStoreError> {
    let start = Instant::now();
    loop {
        match AtomicFile::claim(path) {
            Err(OpenStoreError::Busy { .. }) if start.elapsed() < patience => {
                thread::sleep(Duration::from_millis(2));
            }
            claimed => return claimed,
        }
    }
}

fn fill(path: &Path, options: &SqliteOptions) -> Result<(), Refusal> {
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
