//! What a database says, whole: every value of every table, as one number.

use std::{
    fs,
    hash::{DefaultHasher, Hash as _, Hasher as _},
    path::Path,
};

use rusqlite::{Connection, types::ValueRef};

use crate::{image::Image, replay::Files};

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
        // Columns that SQLite makes of others say nothing more.
        let tables = "SELECT t.name, t.sql, group_concat(format('\"%s\"', c.name)) \
            FROM sqlite_schema AS t JOIN pragma_table_info(t.name) AS c \
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%' GROUP BY t.name ORDER BY t.name";
        let mut tables = db.prepare(tables)?;
        let tables: Vec<[String; 3]> = tables
            .query_map([], |row| Ok([row.get(0)?, row.get(1)?, row.get(2)?]))?
            .collect::<Result<_, _>>()?;
        if tables.is_empty() {
            return Ok(Self::Nothing);
        }
        let mut rows_in_use = 0;
        for [name, sql, columns] in &tables {
            sql.hash(&mut hash);
            let mut statement = db.prepare(&format!("SELECT {columns} FROM {name}"))?;
            let columns = statement.column_count();
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
        let image = Image { files, ..Image::default() };
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
