//! Making a store: in a file that gets the store's name only once it is whole, so that there is never
//! half of one.

use std::{
    fs, io,
    path::Path,
    thread,
    time::{Duration, Instant},
};

use finch_core::Application;
use finch_seal::KeyRing;
use rusqlite::{Transaction, TransactionBehavior, params};

use crate::{
    OpenStoreError, PlaceError, SqliteOptions,
    error::Fault,
    files, keys,
    open::Refusal,
    record,
    schema::{APPLICATION_ID, SCHEMA, VERSION},
    settings,
    unnamed::Unnamed,
};

/// Makes a store at `path`, where none is; or waits for another process that makes it right now.
pub(crate) fn create(path: &Path, options: &SqliteOptions) -> Result<(), OpenStoreError> {
    let unnamed = claim(path, options.busy_timeout)?;
    // The other process has made it, or has left a log in the meantime.
    match files::find(path) {
        Err(OpenStoreError::Missing { .. }) => {}
        found => return found.map(drop),
    }
    fill(&unnamed.path, options).map_err(|refusal| refusal.into_error(path))?;
    // No process that makes a store can be writing to it.
    if fs::symlink_metadata(path).is_ok_and(|found| found.len() == 0) {
        fs::remove_file(path).map_err(|error| PlaceError::system(path, error))?;
    }
    Ok(unnamed.name()?)
}

/// The file in which the store is made, which is one process's at a time.
fn claim(path: &Path, patience: Duration) -> Result<Unnamed, PlaceError> {
    let start = Instant::now();
    loop {
        match Unnamed::claim(path) {
            Err(PlaceError::InTheMaking { .. }) if start.elapsed() < patience => {
                thread::sleep(Duration::from_millis(2));
            }
            claimed => return claimed,
        }
    }
}

fn fill(path: &Path, options: &SqliteOptions) -> Result<(), Refusal> {
    let Application { client_id, origin } = &options.application;
    let uuid = uuid::Uuid::new_v4().into_bytes();
    let (ring, keys) = KeyRing::create(&*options.keys, uuid).map_err(Fault::Seal)?;
    let db = settings::connect_writer(path, options.busy_timeout, false)?;
    let tx = Transaction::new_unchecked(&db, TransactionBehavior::Immediate)?;
    tx.execute_batch(SCHEMA)?;
    tx.pragma_update(None, "application_id", APPLICATION_ID)?;
    tx.pragma_update(None, "user_version", VERSION as i64)?;
    tx.execute(
        "INSERT INTO store (id, uuid, client_id, origin, seq, kek, index_key) VALUES (1, ?1, ?2, ?3, 0, ?4, ?5)",
        params![uuid, client_id.as_str(), origin.as_str(), keys.kek.as_str(), keys.index_key],
    )?;
    for row in &keys.epochs {
        keys::insert(&tx, row)?;
    }
    record::begin(&tx, &ring)?;
    tx.commit()?;
    db.flush_prepared_statement_cache();
    db.close().map_err(|(_, error)| error)?;
    Ok(())
}

impl From<PlaceError> for OpenStoreError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::NoFolder { folder } => Self::NoFolder { folder },
            PlaceError::FolderExposed { folder, mode } => Self::FolderExposed { folder, mode },
            PlaceError::OtherOwner { path, owner, user } => Self::OtherOwner { path, owner, user },
            PlaceError::InTheMaking { path } => Self::Busy { path },
            PlaceError::Full { path } => Self::Full { path },
            PlaceError::System { path, source }
                if source.kind() == io::ErrorKind::ReadOnlyFilesystem =>
            {
                Self::ReadOnly { path }
            }
            PlaceError::System { path, source } => Self::System { path, source },
            PlaceError::Exists { path } => {
                Self::System { path, source: io::ErrorKind::AlreadyExists.into() }
            }
        }
    }
}
