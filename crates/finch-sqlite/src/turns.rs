//! Whose turn it is: leases of connections, and turns to call Finch.

use std::time::Duration;

use finch_core::{ConnectionKey, InstanceId, Lease, Leased, Timestamp, next_turn};
use rusqlite::{OptionalExtension as _, params};

use crate::{
    error::Result,
    values::{self, nanoseconds, number, time},
    writer::Tx,
};

pub(crate) const LEASE: &str = "SELECT lease_owner, lease_until FROM connections WHERE key = ?1";

pub(crate) fn lease(
    tx: &Tx<'_>,
    connection: ConnectionKey,
    owner: &InstanceId,
    now: Timestamp,
) -> Result<Leased> {
    let key = number(connection.0);
    let held = tx.db.prepare_cached(LEASE)?.query_row([key], |row| {
        Ok((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i64>>(1)?))
    });
    let held = match held.optional()? {
        None => return Ok(Leased::Absorbed),
        Some((Some(owner), Some(until))) => Some(Lease { owner: owner.into(), until: time(until) }),
        Some(_) => None,
    };
    let leased = Lease::ask(held.as_ref(), owner, now);
    if !matches!(leased, Leased::Held(_)) {
        let Lease { owner, until } = Lease::of(owner.clone(), now);
        let sql = "UPDATE connections SET lease_owner = ?2, lease_until = ?3 WHERE key = ?1";
        tx.db.prepare_cached(sql)?.execute(params![key, owner.as_str(), nanoseconds(until)])?;
    }
    Ok(leased)
}

pub(crate) fn release(tx: &Tx<'_>, connection: ConnectionKey, owner: &InstanceId) -> Result<()> {
    let sql = "UPDATE connections SET lease_owner = NULL, lease_until = NULL \
        WHERE key = ?1 AND lease_owner = ?2";
    tx.db.prepare_cached(sql)?.execute(params![number(connection.0), owner.as_str()])?;
    Ok(())
}

pub(crate) fn take(tx: &Tx<'_>, every: Duration, now: Timestamp) -> Result<Timestamp> {
    let last: Option<i64> = values::first(tx.db, "SELECT turn FROM pace WHERE id = 1", [])?;
    let turn = next_turn(last.map(time), every, now);
    let sql = "INSERT INTO pace (id, turn) VALUES (1, ?1) \
        ON CONFLICT (id) DO UPDATE SET turn = excluded.turn";
    tx.db.prepare_cached(sql)?.execute([nanoseconds(turn)])?;
    Ok(turn)
}
