//! Opening a store: what the file is, whose it is, and whether the key is the right one, before
//! anything is written.

use std::path::Path;

use finch_core::Application;
use finch_seal::{KeyRing, SealError};
use rusqlite::{Connection, Transaction, TransactionBehavior, config::DbConfig};

use crate::{
    OpenStoreError, SqliteOptions, create,
    error::{Fault, Kind, Result, broken, kind},
    files::{self, Place},
    identity::{Identity, bind, bound_to, identify, is_empty, version, wrapped_keys},
    record,
    replaced_key::open_keys,
    schema::{CHAINED_SINCE, MIGRATIONS, VERSION},
    settings,
};

/// The connection that writes, on a store that is the right one, and its keys.
pub(crate) fn open(
    options: &SqliteOptions,
) -> Result<(Connection, KeyRing, Place), OpenStoreError> {
    let place = match files::find_alone(&options.path) {
        Err(OpenStoreError::Missing { path }) if options.create => {
            create::create(&path, options)?;
            files::find_alone(&path)?
        }
        found => found?,
    };
    match open_at(&place, options) {
        Ok((db, ring)) => Ok((db, ring, place)),
        Err(refusal) => Err(refusal.into_error(&place.path)),
    }
}

/// The same for a file of this process's own, which nobody else uses: a copy of `of`.
pub(crate) fn open_copy(
    copy: &Place,
    of: &Path,
    options: &SqliteOptions,
) -> Result<(Connection, KeyRing), OpenStoreError> {
    open_at(copy, options).map_err(|refusal| refusal.into_error(of))
}

/// Why not.
pub(crate) enum Refusal {
    NotAStore,
    Newer(i64),
    OtherApplication { bound: Application, asked: Application },
    NoKeys,
    Fault(Fault),
}

impl<F: Into<Fault>> From<F> for Refusal {
    fn from(fault: F) -> Self {
        Self::Fault(fault.into())
    }
}

fn open_at(place: &Place, options: &SqliteOptions) -> Result<(Connection, KeyRing), Refusal> {
    // While it may still be refused, a log stays as it is.
    let keep_log = place.journal_len > 0;
    let db = settings::connect_writer(&place.path, options.busy_timeout, keep_log)?;
    if db.is_readonly("main")? {
        return Err(Fault::from(read_only()).into());
    }
    let ring = match identify(&db)? {
        Identity::Empty | Identity::Other => return Err(Refusal::NotAStore),
        Identity::Store => examine(&db, place, options)?,
    };
    settings::log_ahead(&db, options.busy_timeout)?;
    migrate(&db, &ring)?;
    db.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, false)?;
    Ok((db, ring))
}

/// Whether a store is whole, of this release or an older one, of this application, and of this key.
fn examine(db: &Connection, place: &Place, options: &SqliteOptions) -> Result<KeyRing, Refusal> {
    let tx = db.unchecked_transaction()?;
    let found = version(&tx)?;
    match usize::try_from(found) {
        Ok(1..=VERSION) => {}
        Ok(0) => return Err(broken("its version").into()),
        _ => return Err(Refusal::Newer(found)),
    }
    let page: u32 = tx.pragma_query_value(None, "page_size", |row| row.get(0))?;
    if place.journal_len == 0 && !place.len.is_multiple_of(page.into()) {
        return Err(Fault::Broken("it ends in the middle of a page".to_owned()).into());
    }
    let bound = bound_to(&tx)?;
    let is_bound = bound == options.application;
    let other = || {
        let (bound, asked) = (bound.clone(), options.application.clone());
        Refusal::OtherApplication { bound, asked }
    };
    if !is_bound && found != VERSION as i64 {
        return Err(other());
    }
    let keys = wrapped_keys(&tx)?.ok_or(Refusal::NoKeys)?;
    let ring = open_keys(&tx, &*options.keys, &keys);
    drop(tx);
    match ring {
        Ok(ring) if is_bound || bind_again(db, options)? => Ok(ring),
        Err(fault) if is_bound => Err(fault.into()),
        _ => Err(other()),
    }
}

/// Binds an empty store to the application that is asked for. Returns whether it was empty.
fn bind_again(db: &Connection, options: &SqliteOptions) -> Result<bool> {
    let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
    let empty = is_empty(&tx)?;
    if empty {
        bind(&tx, &options.application)?;
        tx.commit()?;
    }
    Ok(empty)
}

/// Brings an older store to the present, one transaction a step.
fn migrate(db: &Connection, keys: &KeyRing) -> Result<()> {
    for (before, step) in MIGRATIONS.iter().enumerate() {
        if version(db)? > before as i64 {
            continue;
        }
        let tx = Transaction::new_unchecked(db, TransactionBehavior::Immediate)?;
        // Another process may have been faster.
        if version(&tx)? == before as i64 {
            tx.execute_batch(step)?;
            tx.pragma_update(None, "user_version", before as i64 + 1)?;
            if before + 1 == CHAINED_SINCE {
                record::begin(&tx, keys)?;
            }
        }
        tx.commit()?;
    }
    Ok(())
}

fn read_only() -> rusqlite::Error {
    rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_READONLY), None)
}

impl Refusal {
    pub(crate) fn into_error(self, path: &Path) -> OpenStoreError {
        let path = path.to_owned();
        let fault = match self {
            Self::NotAStore => return OpenStoreError::NotAStore { path },
            Self::Newer(found) => {
                return OpenStoreError::Newer { path, found, known: VERSION };
            }
            Self::OtherApplication { bound, asked } => {
                return OpenStoreError::OtherApplication { path, bound, asked };
            }
            Self::NoKeys => return OpenStoreError::NoKeys { path },
            Self::Fault(fault) => fault,
        };
        match fault {
            Fault::Seal(SealError::WrongKey { expected, given }) => {
                OpenStoreError::WrongKey { path, expected, given }
            }
            Fault::ReplacedKey(source) => OpenStoreError::ReplacedKey { path, source },
            Fault::Seal(source) => OpenStoreError::Keys { path, source },
            Fault::Broken(problem) => OpenStoreError::Corrupt { path, problem },
            Fault::Sqlite(error) => match kind(&error) {
                Kind::Busy => OpenStoreError::Busy { path },
                Kind::Full => OpenStoreError::Full { path },
                Kind::ReadOnly => OpenStoreError::ReadOnly { path },
                Kind::Corrupt => OpenStoreError::Corrupt { path, problem: error.to_string() },
                Kind::NotADatabase => OpenStoreError::NotADatabase { path },
                Kind::CannotOpen if is_on_a_read_only_file_system(&path) => {
                    OpenStoreError::ReadOnly { path }
                }
                Kind::CannotOpen | Kind::Other => {
                    OpenStoreError::Backend { path, source: Box::new(error) }
                }
            },
            other => OpenStoreError::Backend {
                path,
                source: Box::new(finch_core::StoreError::from(other)),
            },
        }
    }
}

/// Whether no file can be made beside `path` because its file system takes none. SQLite needs one for
/// its log, and says only that it cannot open it.
fn is_on_a_read_only_file_system(path: &Path) -> bool {
    let probe = path.with_extension(format!("probe-{}", std::process::id()));
    match std::fs::OpenOptions::new().write(true).create_new(true).open(&probe) {
        Ok(_) => {
            drop(std::fs::remove_file(probe));
            false
        }
        Err(error) => error.kind() == std::io::ErrorKind::ReadOnlyFilesystem,
    }
}
