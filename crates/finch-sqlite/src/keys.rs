//! The keys' own rows, and their rotation.

use finch_seal::WrappedEpoch;
use rusqlite::{Connection, params};

pub(crate) fn insert(db: &Connection, row: &WrappedEpoch) -> rusqlite::Result<()> {
    let sql = "INSERT INTO keys (epoch, data_key, key_check, reserved) VALUES (?1, ?2, ?3, 0)";
    db.execute(sql, params![row.epoch, row.data_key, row.check]).map(drop)
}
