//! A store that may be anything, examined without a byte written.

use std::{fs, path::Path};

use finch_core::{Application, Keyring, StoreId};
use rusqlite::Connection;

use crate::{
    database,
    files::{self, JOURNALS, Place, beside},
    open,
    open_error::{OpenStoreError, Refusal},
    rows::keyring::keyring,
};

/// What a store's file shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// How long the file is, without its journal.
    pub bytes: u64,
    /// The random identity of the store.
    pub id: StoreId,
    /// The application that it is bound to.
    pub application: Application,
    /// Whether nothing is in it yet: it is bound to the next application that opens it.
    pub is_empty: bool,
    /// Its key ring: whether a key opens it shows elsewhere.
    pub keyring: Option<Keyring>,
    /// Whether SQLite finds the whole file in order.
    pub is_sound: bool,
}

/// Examines the store at `path`: who may use its files, what it is, whether its schema is this release's, and
/// whether it is whole. Other processes may use it meanwhile. It blocks, for as long as reading the whole file
/// takes.
///
/// Nothing is written. Only where a process has died and left a journal, SQLite makes its index of that
/// journal (`-shm`), as it does whenever such a store is opened.
///
/// # Errors
/// [`OpenStoreError`], as for opening it, but for what only an application shows.
pub fn examine(path: &Path) -> Result<Examined, OpenStoreError> {
    let place = files::find_alone(path)?;
    examine_at(&place).map_err(|refusal| refusal.into_error(&place.path))
}

fn examine_at(place: &Place) -> Result<Examined, Refusal> {
    let db = connect(place)?;
    let db = db.unchecked_transaction()?;
    open::is_store(&db)?;
    let is_sound = match database::check(&db, "quick_check") {
        Ok(()) => true,
        Err(fault) if fault.damage().is_some() => false,
        Err(fault) => return Err(fault.into()),
    };
    Ok(Examined {
        bytes: place.len,
        id: open::id(&db)?,
        application: open::application(&db)?,
        is_empty: open::is_empty(&db)?,
        keyring: keyring(&db)?,
        is_sound,
    })
}

/// Without journals no process has the store open, and reading it needs none.
fn connect(place: &Place) -> rusqlite::Result<Connection> {
    let in_use = JOURNALS.iter().any(|suffix| fs::metadata(beside(&place.path, suffix)).is_ok());
    if in_use {
        database::connect_reader(&place.path, database::PATIENCE)
    } else {
        database::connect_idle(&place.path)
    }
}
