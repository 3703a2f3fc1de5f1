//! A look at a store that may be anything: without its key, and without a byte written.

use std::{
    fs,
    path::{Path, PathBuf},
};

use finch_core::{Application, Timestamp};
use finch_seal::{KeyId, KeyRing, KeySource, WrappedKeys};
use rusqlite::Connection;

use crate::{
    DataKey, OpenStoreError,
    backup::check,
    error::{Fault, Kind, kind},
    files::{self, JOURNALS, Place, beside},
    identity::{Identity, bound_to, identify, is_empty, version, wrapped_keys},
    keys,
    open::Refusal,
    replaced_key::{explained, replaced_keys},
    schema::VERSION,
    settings,
};

/// What a store's file shows without its key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// The version of its schema.
    pub version: i64,
    /// The version that this release brings it to.
    pub known_version: usize,
    /// How long the file is, without its journal.
    pub bytes: u64,
    /// The application that it is bound to.
    pub application: Application,
    /// Whether nothing is in it yet: it is bound to the next application that opens it.
    pub is_empty: bool,
    /// The name of the key-encryption key that opens it.
    pub key: KeyId,
    /// Its data keys, oldest first. More than one: a rotation is under way.
    pub data_keys: Vec<DataKey>,
    /// Whether SQLite finds the whole file in order.
    pub is_sound: bool,
    /// The keys that opened it before, each with the time at which it was replaced.
    replaced: Vec<(KeyId, Timestamp)>,
    path: PathBuf,
    wrapped: WrappedKeys,
}

impl Examined {
    /// Whether a key opens the store's own keys.
    ///
    /// # Errors
    /// [`OpenStoreError`]: why not, as opening the store would say.
    pub fn opens_with(&self, key: &dyn KeySource) -> Result<(), OpenStoreError> {
        let opened = KeyRing::open(key, &self.wrapped);
        opened
            .map(drop)
            .map_err(|error| Refusal::from(explained(&self.replaced, error)).into_error(&self.path))
    }
}

/// Looks at the store at `path`: who may use its files, what it is, and whether it is whole. Others may use
/// it meanwhile. It blocks, for as long as reading the whole file takes.
///
/// Nothing is written. Only where a process has died and left a journal, SQLite makes its index of that
/// journal (`-shm`), as it does whenever such a store is opened.
///
/// # Errors
/// [`OpenStoreError`], as for opening it, but for what only a key and an application tell.
pub fn examine(path: &Path) -> Result<Examined, OpenStoreError> {
    let place = files::find_alone(path)?;
    look(&place).map_err(|refusal| refusal.into_error(&place.path))
}

fn look(place: &Place) -> Result<Examined, Refusal> {
    let db = connect(place)?;
    let db = db.unchecked_transaction()?;
    match identify(&db)? {
        Identity::Store => {}
        Identity::Empty | Identity::Other => return Err(Refusal::NotAStore),
    }
    let version = version(&db)?;
    if usize::try_from(version).is_ok_and(|version| version > VERSION) {
        return Err(Refusal::Newer(version));
    }
    let wrapped = wrapped_keys(&db)?.ok_or(Refusal::NoKeys)?;
    let is_sound = match check(&db, "quick_check") {
        Ok(()) => true,
        Err(Fault::Broken(_)) => false,
        Err(Fault::Sqlite(error)) if kind(&error) == Kind::Corrupt => false,
        Err(fault) => return Err(fault.into()),
    };
    Ok(Examined {
        version,
        known_version: VERSION,
        bytes: place.len,
        application: bound_to(&db)?,
        is_empty: version == VERSION as i64 && is_empty(&db)?,
        key: wrapped.kek.clone(),
        data_keys: keys::used(&db)?,
        is_sound,
        replaced: replaced_keys(&db).unwrap_or_default(),
        path: place.path.clone(),
        wrapped,
    })
}

/// Without journals nobody has the store open, and reading it needs none.
fn connect(place: &Place) -> rusqlite::Result<Connection> {
    let in_use = JOURNALS.iter().any(|suffix| fs::metadata(beside(&place.path, suffix)).is_ok());
    if in_use {
        settings::connect_reader(&place.path, settings::PATIENCE)
    } else {
        settings::connect_idle(&place.path)
    }
}
