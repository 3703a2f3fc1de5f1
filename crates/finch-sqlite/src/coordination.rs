//! What the processes that share a store agree on: the lease of each connection, and the turns to call Finch.

use std::time::Duration;

use finch_core::{ConnectionKey, InstanceId, Lease, Leased, Timestamp, next_turn};
use rusqlite::{Connection, Row, params};

use crate::{
    error::Result,
    rows::{execute, first, nanoseconds, one, time},
};

/// Takes the lease of a connection, or renews it.
pub(crate) fn lease(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
    now: Timestamp,
) -> Result<Leased> {
    let sql = "SELECT lease_owner, lease_until FROM connections WHERE key = ?1";
    let held = |row: &Row<'_>| Ok(row.get::<_, Option<String>>(0)?.zip(row.get(1)?));
    let Some(held) = one(db, sql, [connection.0.0], held)? else { return Ok(Leased::Absorbed) };
    let held = held.map(|(owner, until)| Lease { owner: owner.into(), until: time(until) });
    let leased = Lease::ask(held.as_ref(), owner, now);
    if !matches!(leased, Leased::Held(_)) {
        let Lease { owner, until } = Lease::of(owner.clone(), now);
        let sql = "UPDATE connections SET lease_owner = ?2, lease_until = ?3 WHERE key = ?1";
        execute(db, sql, params![connection.0.0, owner.as_str(), nanoseconds(until)])?;
    }
    Ok(leased)
}

/// Gives a lease back, if this instance has it.
pub(crate) fn release(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
) -> Result<()> {
    let sql = "UPDATE connections SET lease_owner = NULL, lease_until = NULL \
        WHERE key = ?1 AND lease_owner = ?2";
    execute(db, sql, params![connection.0.0, owner.as_str()])
}

/// Takes the next turn to call Finch: when it is.
pub(crate) fn take_turn(db: &Connection, every: Duration, now: Timestamp) -> Result<Timestamp> {
    let last: Option<i64> = first(db, "SELECT turn FROM pace", [])?;
    let turn = next_turn(last.map(time), every, now);
    let sql = "INSERT OR REPLACE INTO pace (id, turn) VALUES (1, ?1)";
    execute(db, sql, [nanoseconds(turn)])?;
    Ok(turn)
}

/// Forgets all leases and turns: no process that took one works on this store.
pub(crate) fn reset(db: &Connection) -> Result<()> {
    execute(
        db,
        "UPDATE connections SET lease_owner = NULL, lease_until = NULL \
            WHERE lease_owner IS NOT NULL",
        [],
    )?;
    execute(db, "DELETE FROM pace", [])
}
