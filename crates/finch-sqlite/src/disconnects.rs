//! Disconnects, written: they begin, end, go on, or go on as another.

use finch_core::{ConnectionKey, DisconnectChange, DisconnectId, Intent};
use rusqlite::{Connection, ToSql, params};

use crate::{
    error::Result,
    sequence::next,
    values::{json, nanoseconds, number},
};

pub(crate) fn change(
    db: &Connection,
    connection: ConnectionKey,
    change: &DisconnectChange,
    begun: &mut Option<DisconnectId>,
) -> Result<()> {
    match change {
        DisconnectChange::Begin(intent) => *begun = Some(insert(db, connection, intent, None)?),
        DisconnectChange::Join(intent, into) => {
            insert(db, connection, intent, Some(*into))?;
        }
        DisconnectChange::End(id, at) => {
            let ended = number(next(db)?);
            let id = id.or(*begun).map(|id| number(id.0));
            settle(db, id, "ended", params![ended, nanoseconds(*at), None::<i64>])?;
        }
        DisconnectChange::Reopen(id) => {
            settle(db, Some(number(id.0)), "open", params![None::<i64>, None::<i64>, None::<i64>])?;
        }
        DisconnectChange::Merge(id, into) => {
            settle(
                db,
                Some(number(id.0)),
                "merged",
                params![None::<i64>, None::<i64>, number(into.0)],
            )?;
        }
    }
    Ok(())
}

/// A new one, open unless it goes on as another from the start.
fn insert(
    db: &Connection,
    connection: ConnectionKey,
    intent: &Intent,
    into: Option<DisconnectId>,
) -> Result<DisconnectId> {
    let id = DisconnectId(next(db)?);
    let state = if into.is_some() { "merged" } else { "open" };
    let sql = "INSERT INTO disconnects (id, connection, intent, state, merged_into) VALUES (?1, ?2, ?3, ?4, ?5)";
    let into = into.map(|into| number(into.0));
    let row = params![number(id.0), number(connection.0), json(intent)?, state, into];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(id)
}

fn settle(db: &Connection, id: Option<i64>, state: &str, how: &[&dyn ToSql]) -> Result<()> {
    let sql = "UPDATE disconnects SET state = ?2, ended = ?3, ended_at = ?4, merged_into = ?5 WHERE id = ?1";
    let mut row: Vec<&dyn ToSql> = vec![&id, &state];
    row.extend(how);
    db.prepare_cached(sql)?.execute(&*row)?;
    Ok(())
}
