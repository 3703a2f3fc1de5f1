//! What processes agree on outside of commits: leases of connections, turns to call Finch, uses of tokens.

use std::time::Duration;

use finch_core::{ConnectionKey, InstanceId, Lease, Leased, Timestamp, TokenId, next_turn};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    error::Result,
    rows::{execute, first, nanoseconds, time},
};

pub(crate) fn lease(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
    now: Timestamp,
) -> Result<Leased> {
    let sql = "SELECT lease_owner, lease_until FROM connections WHERE key = ?1";
    let held = db
        .prepare_cached(sql)?
        .query_row([connection.0.0], |row| Ok(row.get::<_, Option<String>>(0)?.zip(row.get(1)?)));
    let Some(held) = held.optional()? else { return Ok(Leased::Absorbed) };
    let held = held.map(|(owner, until)| Lease { owner: owner.into(), until: time(until) });
    let leased = Lease::ask(held.as_ref(), owner, now);
    if !matches!(leased, Leased::Held(_)) {
        let Lease { owner, until } = Lease::of(owner.clone(), now);
        let sql = "UPDATE connections SET lease_owner = ?2, lease_until = ?3 WHERE key = ?1";
        let row = params![connection.0.0, owner.as_str(), nanoseconds(until)];
        execute(db, sql, row)?;
    }
    Ok(leased)
}

pub(crate) fn release(
    db: &Connection,
    connection: ConnectionKey,
    owner: &InstanceId,
) -> Result<()> {
    let sql = "UPDATE connections SET lease_owner = NULL, lease_until = NULL \
        WHERE key = ?1 AND lease_owner = ?2";
    execute(db, sql, params![connection.0.0, owner.as_str()])?;
    Ok(())
}

pub(crate) fn take_turn(db: &Connection, every: Duration, now: Timestamp) -> Result<Timestamp> {
    let last: Option<i64> = first(db, "SELECT turn FROM pace", [])?;
    let turn = next_turn(last.map(time), every, now);
    let sql = "INSERT OR REPLACE INTO pace (id, turn) VALUES (1, ?1)";
    execute(db, sql, [nanoseconds(turn)])?;
    Ok(turn)
}

/// Does nothing where there is no such token.
pub(crate) fn note_use(db: &Connection, token: TokenId, now: Timestamp) -> Result<()> {
    let sql = "UPDATE tokens SET used_at = ?2 WHERE id = ?1";
    execute(db, sql, params![token.0.0, nanoseconds(now)])?;
    Ok(())
}

/// Forgets every lease and turn: no process that took one works on this copy of a store.
pub(crate) fn forget_all(db: &Connection) -> rusqlite::Result<()> {
    db.execute_batch(
        "UPDATE connections SET lease_owner = NULL, lease_until = NULL \
             WHERE lease_owner IS NOT NULL; \
         DELETE FROM pace",
    )
}
