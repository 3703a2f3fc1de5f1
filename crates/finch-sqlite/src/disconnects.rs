//! Disconnects, written as whole rows.

use finch_core::{ConnectionKey, Disconnect, DisconnectState};
use rusqlite::{Connection, params};

use crate::{
    error::Result,
    values::{json, nanoseconds, number},
};

/// Writes the row. Of one that is known only its state changes, and its connection (R4).
pub(crate) fn write(db: &Connection, connection: ConnectionKey, row: &Disconnect) -> Result<()> {
    let Disconnect { id, intent, state } = row;
    let (state, ended, ended_at, into) = match state {
        DisconnectState::Open => ("open", None, None, None),
        DisconnectState::Ended { seq, at } => {
            ("ended", Some(number(*seq)), Some(nanoseconds(*at)), None)
        }
        DisconnectState::Merged { into } => ("merged", None, None, Some(number(into.0))),
    };
    let sql = "INSERT INTO disconnects (id, connection, intent, state, ended, ended_at, merged_into) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) \
        ON CONFLICT (id) DO UPDATE SET connection = excluded.connection, state = excluded.state, \
            ended = excluded.ended, ended_at = excluded.ended_at, merged_into = excluded.merged_into";
    let row =
        params![number(id.0), number(connection.0), json(intent)?, state, ended, ended_at, into];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}
