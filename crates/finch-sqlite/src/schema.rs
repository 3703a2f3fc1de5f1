//! The schema: made once, and compared with what is found whenever a store is opened. A trigger or an index
//! that was planted, changed or dropped would bend what the statements of this crate do.

use rusqlite::Connection;

/// Marks the file as a store of Finch connections (`PRAGMA application_id`): "fnch".
pub(crate) const APPLICATION_ID: i32 = 0x666e_6368;

/// The version of the schema (`PRAGMA user_version`): a store of another one is refused.
pub(crate) const VERSION: i64 = 1;

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

/// How the schema of `db` differs from that of this release: the first object that was added, changed or is
/// missing, by its name.
pub(crate) fn difference(db: &Connection) -> rusqlite::Result<Option<String>> {
    let expected = Connection::open_in_memory()?;
    create(&expected)?;
    let (expected, found) = (objects(&expected)?, objects(db)?);
    let named = |of: &[Object], like: &Object| of.iter().any(|o| o.is_named_as(like));
    let odd = found.iter().find(|object| !expected.contains(object));
    let missing = || expected.iter().find(|object| !found.contains(object));
    Ok(match (odd, missing()) {
        (Some(odd), _) if named(&expected, odd) => {
            Some(format!("its {} {:?} was changed", odd.kind, odd.name))
        }
        (Some(odd), _) => {
            Some(format!("it has a {} {:?} that this release does not know", odd.kind, odd.name))
        }
        (None, Some(missing)) => {
            Some(format!("its {} {:?} is missing", missing.kind, missing.name))
        }
        (None, None) => None,
    })
}

/// A table, an index, a view or a trigger.
#[derive(PartialEq, Eq)]
struct Object {
    kind: String,
    name: String,
    table: String,
    sql: Option<String>,
}

impl Object {
    fn is_named_as(&self, other: &Self) -> bool {
        (&self.kind, &self.name) == (&other.kind, &other.name)
    }
}

fn objects(db: &Connection) -> rusqlite::Result<Vec<Object>> {
    let mut all =
        db.prepare("SELECT type, name, tbl_name, sql FROM sqlite_schema ORDER BY 1, 2")?;
    let rows = all.query_map([], |row| {
        Ok(Object { kind: row.get(0)?, name: row.get(1)?, table: row.get(2)?, sql: row.get(3)? })
    })?;
    rows.collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn sqlite_is_recent_enough() {
        assert!(rusqlite::version_number() >= 3_051_003, "{}", rusqlite::version());
    }
}
