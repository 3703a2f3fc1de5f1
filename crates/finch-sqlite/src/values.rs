//! Single values: numbers of the sequence, times, JSON; and queries for one column.

use std::fmt;

use finch_core::{ConnectionKey, Hash, RecordHead, Seq, Timestamp};
use rusqlite::{
    Connection, OptionalExtension as _, Params, Row, RowIndex, params_from_iter,
    types::{FromSql, Value},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Fault, Result, broken};

/// The next number of the one sequence. It is taken when the transaction commits, and free again if it does
/// not.
pub(crate) fn next(db: &Connection) -> Result<Seq> {
    let mut statement = db.prepare_cached("UPDATE store SET seq = seq + 1 RETURNING seq")?;
    Ok(Seq(statement.query_row([], |row| row.get(0))?))
}

/// A caller's limit or cursor: SQLite has no number beyond the largest.
pub(crate) fn clamped(number: impl TryInto<i64>) -> i64 {
    number.try_into().unwrap_or(i64::MAX)
}

/// Nanoseconds since 1970. Times before 1678 and after 2262 become the nearest that fits.
pub(crate) fn nanoseconds(at: Timestamp) -> i64 {
    let exact = at.as_nanosecond();
    i64::try_from(exact).unwrap_or(if exact < 0 { i64::MIN } else { i64::MAX })
}

pub(crate) fn time(nanoseconds: i64) -> Timestamp {
    Timestamp::from_nanosecond(nanoseconds.into()).unwrap_or_default()
}

/// The head of a record, out of its two columns.
pub(crate) fn record_head(row: &Row<'_>) -> rusqlite::Result<RecordHead> {
    Ok(RecordHead { events: row.get("record_events")?, hash: Hash(row.get("record_hash")?) })
}

/// A value as JSON. Nothing that is kept as JSON fails to become it.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|_| Fault::Broken("a value cannot be written as JSON".to_owned()))
}

/// A value out of a column of JSON. What `serde_json` says is left out: it repeats values.
pub(crate) fn parse<T: DeserializeOwned>(
    row: &Row<'_>,
    column: impl RowIndex,
    what: impl fmt::Display,
) -> Result<T> {
    let text = row.get_ref(column)?.as_str().ok();
    text.and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| broken(what))
}

/// One column of every row that a cached statement finds.
pub(crate) fn column<T: FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<Vec<T>> {
    db.prepare_cached(sql)?.query_map(params, |row| row.get(0))?.collect()
}

/// The first column of the first row that a cached statement finds.
pub(crate) fn first<T: FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> rusqlite::Result<Option<T>> {
    db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional()
}

/// Writes a whole row, in the place of the one with the same key, which is the first column. Values are bound in
/// the order of the columns, whose names the parameters have.
macro_rules! upsert {
    ($db:expr, $table:literal, $key:literal: $id:expr, $($column:literal: $value:expr),+ $(,)?) => {
        $db.prepare_cached(concat!(
            "INSERT INTO ", $table, " (", $key, $(", ", $column),+,
            ") VALUES (:", $key, $(", :", $column),+,
            ") ON CONFLICT (", $key, ") DO UPDATE SET ", $key, " = excluded.", $key,
            $(", ", $column, " = excluded.", $column),+
        ))?
        .execute(rusqlite::params![$id, $($value),+])
        .map(drop)
        .map_err($crate::error::Fault::from)
    };
}
pub(crate) use upsert;

/// A query for the keys of connections: the statement, and what is bound to it.
pub(crate) struct KeyQuery {
    pub(crate) sql: &'static str,
    pub(crate) bound: Vec<Value>,
}

impl KeyQuery {
    pub(crate) fn keys(&self, db: &Connection) -> Result<Vec<ConnectionKey>> {
        let keys = column(db, self.sql, params_from_iter(&self.bound))?;
        Ok(keys.into_iter().map(|key| ConnectionKey(Seq(key))).collect())
    }
}

/// What a query counts.
pub(crate) fn count(db: &Connection, sql: &str) -> Result<u64> {
    Ok(first(db, sql, [])?.unwrap_or_default())
}
