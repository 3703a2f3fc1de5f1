//! The one sequence of the store.

use finch_core::Seq;
use rusqlite::Connection;

use crate::{error::Result, values::seq};

/// The next number. It is taken when the transaction commits, and free again if it does not.
pub(crate) fn next(db: &Connection) -> Result<Seq> {
    let mut statement = db.prepare_cached("UPDATE store SET seq = seq + 1 RETURNING seq")?;
    Ok(seq(statement.query_row([], |row| row.get(0))?))
}
