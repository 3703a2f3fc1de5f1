//! What a file shows without a byte written, and whether everything that a store holds can be read.

use std::{fs, path::Path};

use finch_core::{Binding, Disconnect, Keyring, Retirement, StoreError, Token};
use rusqlite::{Connection, Row};

use crate::{
    attempts,
    commit::keyring,
    connections, database,
    error::{Result, StoreFileError},
    events,
    files::{self, JOURNALS, Place, beside},
    open,
    rows::{all, count, whole},
    schema,
    store::SqliteTokenStore,
};

/// What a store's file shows.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Examined {
    /// How long the file is, without its journal.
    pub bytes: u64,
    /// What it is, and which application it is bound to.
    pub binding: Binding,
    /// Whether nothing is in it yet: it is bound to the next application that opens it.
    pub is_empty: bool,
    /// Its key ring: whether a key opens it shows elsewhere.
    pub keyring: Option<Keyring>,
}

/// Examines the store at `path`: who may use its files, what it is, whether its schema is this release's, and
/// whether it is whole. Other processes may use it meanwhile. It blocks, for as long as reading the whole file
/// takes.
///
/// Nothing is written. Only where a process has died and left a journal, SQLite makes its index of that
/// journal (`-shm`), as it does whenever such a store is opened.
///
/// # Errors
/// [`StoreFileError`], as for opening it, but for what only an application shows.
pub fn examine(path: &Path) -> Result<Examined, StoreFileError> {
    let place = files::find_alone(path)?;
    examine_at(&place).map_err(|fault| fault.at(&place.path))
}

fn examine_at(place: &Place) -> Result<Examined> {
    let db = connect(place)?;
    let db = db.unchecked_transaction()?;
    schema::check(&db)?;
    database::check(&db, "quick_check")?;
    Ok(Examined {
        bytes: place.len,
        binding: open::binding(&db)?,
        is_empty: open::is_empty(&db)?,
        keyring: keyring(&db)?,
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

impl SqliteTokenStore {
    /// Reads everything: whether SQLite finds the database in order, whether its schema is this release's,
    /// and whether each row can be read and agrees with the columns by which it is found. It changes
    /// nothing. `progress` gets how many rows are read, out of how many.
    ///
    /// Returns what is wrong: with the database, as SQLite says it; with its schema; with single rows, by
    /// their numbers. Nothing of what they hold. Whether its secrets open, and whether its record is whole,
    /// takes the store's keys: that is not checked here.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read at all.
    pub async fn verify(
        &self,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Vec<String>, StoreError> {
        self.read(move |db| damage(db, progress)).await
    }
}

/// How often progress is reported, in rows.
const EVERY: u64 = 1000;

type Check = fn(&Row<'_>) -> Result<()>;

/// The tables, and how a row of each is read.
const TABLES: [(&str, Check); 6] = [
    ("connections", |row| connections::own_row(row).map(drop)),
    ("tokens", |row| whole::<Token>("tokens", row).map(drop)),
    ("disconnects", |row| whole::<Disconnect>("disconnects", row).map(drop)),
    ("retirements", |row| whole::<Retirement>("retirements", row).map(drop)),
    ("attempts", attempts::check),
    ("events", |row| events::recorded(row).map(drop)),
];

fn damage(db: &Connection, mut progress: impl FnMut(u64, u64)) -> Result<Vec<String>> {
    let db = db.unchecked_transaction()?;
    let mut damage: Vec<String> = schema::difference(&db)?.into_iter().collect();
    damage
        .extend(lines(&db, "PRAGMA integrity_check(20)")?.into_iter().filter(|line| line != "ok"));
    let orphans = "SELECT DISTINCT \"table\" || ' has a row that belongs to no row of ' || parent \
        FROM pragma_foreign_key_check";
    damage.extend(lines(&db, orphans)?);
    let (mut done, mut total) = (0_u64, 0);
    for (table, _) in TABLES {
        total += count(&db, table)?;
    }
    for (table, check) in TABLES {
        let mut statement = db.prepare(&format!("SELECT * FROM {table}"))?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(fault) = check(row) {
                damage.push(fault.damage().ok_or(fault)?);
            }
            done += 1;
            if done.is_multiple_of(EVERY) {
                progress(done, total);
            }
        }
    }
    progress(done, total);
    Ok(damage)
}

fn lines(db: &Connection, sql: &str) -> Result<Vec<String>> {
    all(db, sql, [], |row| Ok(row.get(0)?))
}
