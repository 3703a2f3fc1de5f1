//! The key ring: one opaque document, replaced by version, with the store's own record.

use finch_core::Keyring;
use rusqlite::{Connection, params};

use super::secrets::OLDER;
use crate::{
    error::{Fault, Result, broken},
    values::{self, record_head},
};

pub(crate) fn keyring(db: &Connection) -> Result<Option<Keyring>> {
    let sql =
        "SELECT keyring_version, keyring, oldest_epoch, record_events, record_hash FROM store";
    let keyring = db.prepare_cached(sql)?.query_row([], |row| {
        Ok(Keyring {
            version: row.get(0)?,
            document: row.get(1)?,
            oldest: row.get(2)?,
            record: record_head(row)?,
        })
    })?;
    Ok(Some(keyring).filter(|keyring| keyring.version > 0))
}

/// The number of the oldest data key in use.
pub(super) fn oldest_epoch(db: &Connection) -> Result<u32> {
    let oldest = values::first(db, "SELECT oldest_epoch FROM store", [])?;
    oldest.ok_or_else(|| broken("its row of itself"))
}

pub(super) fn replace(db: &Connection, keyring: &Keyring) -> Result<()> {
    let known = self::keyring(db)?.map_or(0, |known| known.version);
    if known + 1 != keyring.version {
        return Err(Fault::Moved);
    }
    let in_use = "SELECT EXISTS (SELECT 1 FROM connections) OR EXISTS (SELECT 1 FROM attempts)";
    if known == 0 && values::first(db, in_use, [])? == Some(true) {
        return Err(Fault::Broken("it holds rows and no key ring".to_owned()));
    }
    if db.prepare_cached(OLDER)?.exists([keyring.oldest.to_be_bytes()])? {
        return Err(Fault::OldEpoch);
    }
    let sql = "UPDATE store SET keyring_version = ?1, keyring = ?2, oldest_epoch = ?3, \
        record_events = ?4, record_hash = ?5";
    let Keyring { version, document, oldest, record } = keyring;
    let row = params![version, document, oldest, record.events, record.hash.0];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}
