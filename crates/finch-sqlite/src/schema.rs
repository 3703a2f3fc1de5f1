//! The schema: made once, and compared with what is found whenever a store is opened. A trigger or an index
//! that was planted, changed or dropped would bend what the statements of this crate do.

use std::{collections::BTreeMap, sync::OnceLock};

use rusqlite::Connection;

use crate::error::{Fault, Result, StoreProblem};

/// Marks the file as a store of Finch connections (`PRAGMA application_id`): "fnch".
const APPLICATION_ID: i32 = 0x666e_6368;

/// The version of the schema (`PRAGMA user_version`): a store of another one is refused.
const VERSION: i64 = 1;

/// The schema without comments and alignment: SQLite keeps the text of each statement.
fn sql() -> String {
    let code = include_str!("schema.sql").lines().filter_map(|line| line.split("--").next());
    code.flat_map(str::split_whitespace).collect::<Vec<_>>().join(" ")
}

/// Makes the tables of a new store.
pub(crate) fn create(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(&sql())?;
    db.pragma_update(None, "application_id", APPLICATION_ID)?;
    db.pragma_update(None, "user_version", VERSION)
}

/// Checks that a database is a store, of this release's version and with its schema.
pub(crate) fn check(db: &Connection) -> Result<()> {
    let refused = |problem| Err(Fault::Refused(problem));
    let pragma = |name| db.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    if pragma("application_id")? != i64::from(APPLICATION_ID) {
        return refused(StoreProblem::NotAStore);
    }
    let found = pragma("user_version")?;
    if found != VERSION {
        return refused(StoreProblem::OtherVersion { found, known: VERSION });
    }
    difference(db)?.map_or(Ok(()), |difference| refused(StoreProblem::Schema(difference)))
}

/// How the schema of `db` differs from that of this release: the first object that was added, changed or is
/// missing, by its name.
pub(crate) fn difference(db: &Connection) -> rusqlite::Result<Option<String>> {
    let (expected, found) = (expected()?, objects(db)?);
    for (object, definition) in &found {
        match expected.get(object) {
            None => {
                return Ok(Some(format!("it has the {object}, which this release does not know")));
            }
            Some(expected) if expected != definition => {
                return Ok(Some(format!("its {object} was changed")));
            }
            Some(_) => {}
        }
    }
    let missing = expected.keys().find(|object| !found.contains_key(*object));
    Ok(missing.map(|object| format!("its {object} is missing")))
}

/// The table and the statement of each table, index, view and trigger, by its kind and name.
type Objects = BTreeMap<String, (String, Option<String>)>;

/// What a new store has: made once, in memory, and kept for all that are opened.
fn expected() -> rusqlite::Result<&'static Objects> {
    static EXPECTED: OnceLock<Objects> = OnceLock::new();
    if let Some(known) = EXPECTED.get() {
        return Ok(known);
    }
    let db = Connection::open_in_memory()?;
    create(&db)?;
    let made = objects(&db)?;
    Ok(EXPECTED.get_or_init(|| made))
}

fn objects(db: &Connection) -> rusqlite::Result<Objects> {
    let mut all = db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema")?;
    let rows = all.query_map([], |row| {
        let (kind, name): (String, String) = (row.get(0)?, row.get(1)?);
        Ok((format!("{kind} {name:?}"), (row.get(2)?, row.get(3)?)))
    })?;
    rows.collect()
}
