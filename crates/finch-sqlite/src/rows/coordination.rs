//! What processes agree on: leases of connections, and turns to call Finch.

use std::time::Duration;

use finch_core::{ConnectionKey, InstanceId, Lease, Leased, Timestamp, next_turn};
use rusqlite::{Connection, params};

use super::connections;
use crate::{
    error::Result,
    values::{self, nanoseconds, time, upsert},
};

pub(crate) const LEASE: &str = "SELECT owner, until FROM leases WHERE connection = ?1";

pub(crate) fn lease(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
    now: Timestamp,
) -> Result<Leased> {
    if connections::revision(db, connection)?.is_none() {
        return Ok(Leased::Absorbed);
    }
    let key = connection.0.0;
    let mut statement = db.prepare_cached(LEASE)?;
    let mut held = statement.query_map([key], |row| {
        Ok(Lease { owner: row.get::<_, String>(0)?.into(), until: time(row.get(1)?) })
    })?;
    let leased = Lease::ask(held.next().transpose()?.as_ref(), owner, now);
    if !matches!(leased, Leased::Held(_)) {
        let Lease { owner, until } = Lease::of(owner.clone(), now);
        let (owner, until) = (owner.as_str(), nanoseconds(until));
        upsert!(db, "leases", "connection": key, "owner": owner, "until": until)?;
    }
    Ok(leased)
}

pub(crate) fn release(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
) -> Result<()> {
    let sql = "DELETE FROM leases WHERE connection = ?1 AND owner = ?2";
    db.prepare_cached(sql)?.execute(params![connection.0.0, owner.as_str()])?;
    Ok(())
}

pub(crate) fn take_turn(db: &Connection, every: Duration, now: Timestamp) -> Result<Timestamp> {
    let last: Option<i64> = values::first(db, "SELECT turn FROM pace WHERE id = 1", [])?;
    let turn = next_turn(last.map(time), every, now);
    upsert!(db, "pace", "id": 1, "turn": nanoseconds(turn))?;
    Ok(turn)
}

/// Forgets every lease and turn: no process that took one works on this copy of a store.
pub(crate) fn forget_all(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch("DELETE FROM leases; DELETE FROM pace")
}
