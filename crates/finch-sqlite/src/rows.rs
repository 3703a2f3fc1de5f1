//! What rows are made of: JSON, numbers, times; and how they are read and written.

use finch_core::Timestamp;
use rusqlite::{Connection, Params, Row, RowIndex, types::FromSql};
use serde::{Serialize, de::DeserializeOwned};

use crate::error::{Fault, Result, broken};

/// A value as JSON. Nothing that is kept as JSON fails to become it.
pub(crate) fn json(value: &impl Serialize) -> Result<String> {
    serde_json::to_string(value)
        .map_err(|_| Fault::Broken("a value cannot be written as JSON".to_owned()))
}

/// A value out of a column of JSON. What `serde_json` says is left out: it repeats values.
pub(crate) fn parse<T: DeserializeOwned>(
    row: &Row<'_>,
    column: impl RowIndex,
    what: impl FnOnce() -> String,
) -> Result<T> {
    let text = row.get_ref(column)?.as_str().ok();
    text.and_then(|text| serde_json::from_str(text).ok()).ok_or_else(|| broken(what()))
}

/// A row of a table with the columns `id` and `row`.
pub(crate) fn whole<T: DeserializeOwned>(table: &str, row: &Row<'_>) -> Result<T> {
    let id: i64 = row.get("id")?;
    parse(row, "row", || format!("row {id} of the {table}"))
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

/// What a cached statement finds.
pub(crate) fn all<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnMut(&Row<'_>) -> Result<T>,
) -> Result<Vec<T>> {
    db.prepare_cached(sql)?.query_and_then(params, read)?.collect()
}

/// The first row that a cached statement finds.
pub(crate) fn one<T>(
    db: &Connection,
    sql: &str,
    params: impl Params,
    read: impl FnOnce(&Row<'_>) -> Result<T>,
) -> Result<Option<T>> {
    let mut statement = db.prepare_cached(sql)?;
    statement.query(params)?.next()?.map(read).transpose()
}

/// The first column of that row.
pub(crate) fn first<T: FromSql>(
    db: &Connection,
    sql: &str,
    params: impl Params,
) -> Result<Option<T>> {
    one(db, sql, params, |row| Ok(row.get(0)?))
}

/// How many rows there are of a table, or of one with a condition.
pub(crate) fn count(db: &Connection, rows: &str) -> Result<u64> {
    Ok(first(db, &format!("SELECT count(*) FROM {rows}"), [])?.unwrap_or_default())
}

/// Executes a cached statement.
pub(crate) fn execute(db: &Connection, sql: &str, params: impl Params) -> Result<()> {
    db.prepare_cached(sql)?.execute(params)?;
    Ok(())
}
