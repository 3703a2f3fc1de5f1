//! The key ring: one opaque document, replaced by version, with the store's own record.

use std::time::Duration;

use finch_core::{Event, Keyring};
use rusqlite::{Connection, params};

use super::{events, secrets};
use crate::{
    database::Tx,
    error::{Fault, Result, broken},
    values::{self, count_of, record_head},
};

pub(crate) fn keyring(db: &Connection) -> Result<Option<Keyring>> {
    let sql =
        "SELECT keyring_version, keyring, oldest_epoch, record_events, record_hash FROM store";
    let keyring = db.prepare_cached(sql)?.query_row([], |row| {
        Ok(Keyring {
            version: row.get::<_, i64>(0)?.unsigned_abs(),
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

pub(crate) fn replace(tx: &Tx<'_>, keyring: &Keyring, events: &[Event]) -> Result<()> {
    let known = self::keyring(tx.db)?.map_or(0, |known| known.version);
    if known + 1 != keyring.version {
        return Err(Fault::Moved);
    }
    let in_use = "SELECT EXISTS (SELECT 1 FROM connections) OR EXISTS (SELECT 1 FROM attempts)";
    if known == 0 && values::first(tx.db, in_use, [])? == Some(true) {
        return Err(Fault::Broken("it holds rows and no key ring".to_owned()));
    }
    if secrets::any_before(tx.db, keyring.oldest)? {
        return Err(Fault::OldEpoch);
    }
    let sql = "UPDATE store SET keyring_version = ?1, keyring = ?2, oldest_epoch = ?3, \
        record_events = ?4, record_hash = ?5";
    let Keyring { version, document, oldest, record } = keyring;
    let row = params![count_of(*version), document, oldest, count_of(record.events), record.hash.0];
    tx.db.prepare_cached(sql)?.execute(row)?;
    // The one before may hold a data key that is destroyed.
    tx.empty_log_within(Duration::ZERO);
    events.iter().try_for_each(|event| events::append(tx.db, None, event))
}
