//! The key-encryption key that a store had before: what opening the store with it says.

use finch_core::Timestamp;
use finch_seal::{KeyId, KeyRing, KeySource, SealError, WrappedKeys};
use rusqlite::Connection;
use thiserror::Error;

use crate::{
    error::{Fault, Result},
    values,
};

/// The key that was given opened the store once, and was replaced.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("key {old} was replaced at {at:.0}, and the store opens with key {new} now: give that one")]
#[non_exhaustive]
pub struct ReplacedKeyError {
    /// The key that was given, by name.
    pub old: KeyId,
    /// The key that opens the store now, by name.
    pub new: KeyId,
    /// When the one that was given was replaced, by the clock.
    pub at: Timestamp,
}

/// Opens the keys of a store with a key-encryption key.
pub(crate) fn open_keys(
    db: &Connection,
    source: &dyn KeySource,
    keys: &WrappedKeys,
) -> Result<KeyRing> {
    // Only where that fails is the record looked at, all of it.
    KeyRing::open(source, keys)
        .map_err(|error| explained(&replaced_keys(db).unwrap_or_default(), error))
}

/// The keys that opened the store before the present one, with the time at which each was replaced, oldest
/// first. Where the store is not open yet nothing proves the record: only a message is made of this.
pub(crate) fn replaced_keys(db: &Connection) -> rusqlite::Result<Vec<(KeyId, Timestamp)>> {
    let sql = "SELECT event ->> 'replaced', at FROM events \
        WHERE event ->> 'event' = 'key_replaced' AND event ->> 'replaced' IS NOT NULL ORDER BY id";
    let mut found = db.prepare(sql)?;
    let rows = found.query_map([], |row| {
        Ok((KeyId::new(row.get::<_, String>(0)?), values::time(row.get(1)?)))
    })?;
    rows.collect()
}

/// The same failure to open the keys, with what the record knows about the key that was given.
pub(crate) fn explained(replaced: &[(KeyId, Timestamp)], error: SealError) -> Fault {
    let SealError::WrongKey { expected, given } = error else { return Fault::Seal(error) };
    match replaced.iter().rev().find(|(old, _)| *old == given) {
        Some((old, at)) => {
            Fault::ReplacedKey(ReplacedKeyError { old: old.clone(), new: expected, at: *at })
        }
        None => Fault::Seal(SealError::WrongKey { expected, given }),
    }
}
