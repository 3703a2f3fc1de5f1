//! What a database says, whole: every value of every table, as one number.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use rusqlite::{Connection, types::ValueRef};

use crate::{
    image::{Image, Shape},
    replay::Files,
};

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// No store: nothing was ever written.
    Nothing,
    /// A store into which nothing was written but its keys.
    Fresh(u64),
    Store(u64),
}

impl Content {
    pub(crate) fn of(db: &Connection) -> rusqlite::Result<Self> {
        let mut hash = DefaultHasher::new();
        let mut tables = db.prepare(
            "SELECT name, sql FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' \
             ORDER BY name",
        )?;
        let tables: Vec<(String, String)> = tables
            .query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        if tables.is_empty() {
            return Ok(Self::Nothing);
        }
        let mut rows_in_use = 0;
        for (name, sql) in &tables {
            sql.hash(&mut hash);
            // By every column, since some tables have no rowid.
            let columns = db.prepare(&format!("SELECT * FROM {name}"))?.column_count();
            let order: Vec<_> = (1..=columns).map(|column| column.to_string()).collect();
            let order = order.join(", ");
            let mut statement = db.prepare(&format!("SELECT * FROM {name} ORDER BY {order}"))?;
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                rows_in_use += usize::from(name != "store");
                for column in 0..columns {
                    add(row.get_ref(column)?, &mut hash);
                }
            }
        }
        let hash = hash.finish();
        Ok(if rows_in_use == 0 { Self::Fresh(hash) } else { Self::Store(hash) })
    }

    /// Reads a whole database out of these files, in this folder, which is empty before and after.
    pub(crate) fn of_files(files: Files, folder: &Path) -> rusqlite::Result<Self> {
        let image = Image { files, shape: Shape::default() };
        let broken = |_| rusqlite::Error::InvalidQuery;
        image.write(folder).map_err(broken)?;
        let content = Connection::open(folder.join("finch.db")).and_then(|db| Self::of(&db));
        for entry in fs::read_dir(folder).map_err(broken)?.flatten() {
            fs::remove_file(entry.path()).map_err(broken)?;
        }
        content
    }
}

fn add(value: ValueRef<'_>, hash: &mut DefaultHasher) {
    match value {
        ValueRef::Null => 0_u8.hash(hash),
        ValueRef::Integer(number) => (1_u8, number).hash(hash),
        ValueRef::Real(number) => (2_u8, number.to_bits()).hash(hash),
        ValueRef::Text(bytes) => (3_u8, bytes).hash(hash),
        ValueRef::Blob(bytes) => (4_u8, bytes).hash(hash),
    }
}
