//! Whether everything that a store holds can be read, and is what this crate writes.

use finch_core::StoreError;
use rusqlite::{Connection, Row};

use crate::{
    error::Result,
    rows::{attempts, connections, disconnects, events, tokens},
    schema,
    store::SqliteTokenStore,
    values::count,
};

/// What reading all of a store has shown. Whether its secrets open, and whether its record is whole, takes the
/// store's keys: that is not checked here.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// How many rows were read.
    pub rows: u64,
    /// What is wrong: with the database, as SQLite says it; with its schema; with single rows, by their
    /// numbers. Nothing of what they hold.
    pub damage: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.damage.is_empty()
    }
}

impl SqliteTokenStore {
    /// Reads everything: whether SQLite finds the database in order, whether its schema is this release's,
    /// and whether each row can be read and agrees with the columns by which it is found. It changes
    /// nothing. `progress` gets how many rows are read, out of how many.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read at all.
    pub async fn verify(
        &self,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Verified, StoreError> {
        self.read(move |db| verify(db, progress)).await
    }
}

/// How often progress is reported, in rows.
const EVERY: u64 = 1000;

type Check = fn(&Row<'_>) -> Result<()>;

/// What to read of each table, and how.
const TABLES: [(&str, Check); 6] = [
    ("SELECT * FROM connections", |row| connections::own_row(row).map(drop)),
    (tokens::ALL, tokens::check),
    ("SELECT * FROM disconnects", |row| disconnects::disconnect(row).map(drop)),
    ("SELECT * FROM retirements", |row| disconnects::retirement(row).map(drop)),
    ("SELECT * FROM attempts", attempts::check),
    ("SELECT * FROM events", events::check),
];

fn verify(db: &Connection, mut progress: impl FnMut(u64, u64)) -> Result<Verified> {
    let db = db.unchecked_transaction()?;
    let mut found = Verified::default();
    found.damage.extend(schema::difference(&db)?);
    let said: Vec<String> = lines(&db, "PRAGMA integrity_check(20)")?;
    found.damage.extend(said.into_iter().filter(|line| line != "ok"));
    let orphans = "SELECT DISTINCT \"table\" || ' has a row that belongs to no row of ' || parent \
        FROM pragma_foreign_key_check";
    found.damage.extend(lines(&db, orphans)?);
    let mut total = 0;
    for (sql, _) in TABLES {
        total += count(&db, &format!("SELECT count(*) FROM ({sql})"))?;
    }
    for (sql, check) in TABLES {
        let mut statement = db.prepare(sql)?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            if let Err(fault) = check(row) {
                found.damage.push(fault.damage().ok_or(fault)?);
            }
            found.rows += 1;
            if found.rows.is_multiple_of(EVERY) {
                progress(found.rows, total);
            }
        }
    }
    progress(total, total);
    Ok(found)
}

fn lines(db: &Connection, sql: &str) -> rusqlite::Result<Vec<String>> {
    db.prepare(sql)?.query_map([], |row| row.get(0))?.collect()
}
