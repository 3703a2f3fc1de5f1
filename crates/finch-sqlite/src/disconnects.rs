//! Disconnects, written: they begin, end, go on, or go on as another.

use finch_core::{ConnectionKey, DisconnectChange, DisconnectId};
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
        DisconnectChange::Begin(intent) => {
            let id = DisconnectId(next(db)?);
            let sql = "INSERT INTO disconnects (id, connection, intent, state) VALUES (?1, ?2, ?3, 'open')";
            db.prepare_cached(sql)?.execute(params![
                number(id.0),
                number(connection.0),
                json(intent)?
            ])?;
            *begun = Some(id);
        }
        DisconnectChange::End(id, at) => {
            let ended = number(next(db)?);
            let id = id.or(*begun).map(|id| number(id.0));
            settle(
                db,
                id,
                "ended",
                params![ended, nanoseconds(*at), None::<i64>],
            )?;
        }
        DisconnectChange::Reopen(id) => {
            settle(
                db,
                Some(number(id.0)),
                "open",
                params![None::<i64>, None::<i64>, None::<i64>],
            )?;
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

fn settle(db: &Connection, id: Option<i64>, state: &str, how: &[&dyn ToSql]) -> Result<()> {
    let sql = "UPDATE disconnects SET state = ?2, ended = ?3, ended_at = ?4, merged_into = ?5 WHERE id = ?1";
    let mut row: Vec<&dyn ToSql> = vec![&id, &state];
    row.extend(how);
    db.prepare_cached(sql)?.execute(&*row)?;
    Ok(())
}
