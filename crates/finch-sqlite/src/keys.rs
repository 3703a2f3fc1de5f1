//! The keys' own rows.

use finch_seal::{KeyRing, WrappedEpoch, WrappedKeys};
use rusqlite::{Connection, params};

use crate::{error::Result, values::count};

pub(crate) fn insert(db: &Connection, row: &WrappedEpoch) -> rusqlite::Result<()> {
    let sql = "INSERT INTO keys (epoch, data_key, key_check, reserved) VALUES (?1, ?2, ?3, 0)";
    db.execute(sql, params![row.epoch, row.data_key, row.check]).map(drop)
}

/// Writes the same keys, wrapped anew.
pub(crate) fn replace(db: &Connection, keys: &WrappedKeys) -> rusqlite::Result<()> {
    let sql = "UPDATE store SET kek = ?1, index_key = ?2";
    db.execute(sql, params![keys.kek.as_str(), keys.index_key])?;
    for row in &keys.epochs {
        let sql = "UPDATE keys SET data_key = ?2 WHERE epoch = ?1";
        db.execute(sql, params![row.epoch, row.data_key])?;
    }
    Ok(())
}

/// How a store's keys are.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The name of the key-encryption key, which is outside of the store.
    pub key: String,
    /// The data keys, oldest first. More than one: a rotation is under way.
    pub data_keys: Vec<DataKey>,
    /// How many secrets are sealed: of tokens that are not revoked.
    pub secrets: u64,
    /// While a rotation is under way: how many secrets it still has to look at, wiped ones too.
    pub left_to_reseal: Option<u64>,
}

/// A data key of a store.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct DataKey {
    /// Its number, which each sealed secret carries.
    pub epoch: u32,
    /// How many seals are spoken for: an upper bound of those that were made.
    pub seals: u32,
    /// After so many it seals nothing more.
    pub limit: u32,
}

pub(crate) fn status(db: &Connection) -> Result<KeyStatus> {
    let db = db.unchecked_transaction()?;
    let mut rows = db.prepare("SELECT epoch, reserved, resealed FROM keys ORDER BY epoch")?;
    let mut resealed: Option<i64> = None;
    let mut data_keys = Vec::new();
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let limit = KeyRing::SEAL_LIMIT;
        data_keys.push(DataKey { epoch: row.get(0)?, seals: row.get(1)?, limit });
        resealed = row.get(2)?;
    }
    let left = |after| count(&db, "SELECT count(*) FROM secrets WHERE token > ?1", [after]);
    Ok(KeyStatus {
        key: db.query_row("SELECT kek FROM store", [], |row| row.get(0))?,
        data_keys,
        secrets: count(&db, "SELECT count(*) FROM tokens WHERE state <> 'revoked'", [])?,
        left_to_reseal: resealed.map(left).transpose()?,
    })
}
