//! Disconnects and retirements, as whole rows.

use finch_core::{
    ConnectionKey, CustomerId, Disconnect, DisconnectId, DisconnectState, Retirement, Seq,
};
use rusqlite::{Connection, Row};

use crate::{
    error::{Result, broken},
    values::{json, nanoseconds, parse, time, upsert},
};

/// The disconnects of a connection, in the order in which they began.
pub(super) fn of(db: &Connection, connection: ConnectionKey) -> Result<Vec<Disconnect>> {
    let sql = "SELECT * FROM disconnects WHERE connection = ?1 ORDER BY id";
    db.prepare_cached(sql)?.query_and_then([connection.0.0], disconnect)?.collect()
}

pub(crate) fn disconnect(row: &Row<'_>) -> Result<Disconnect> {
    let id = DisconnectId(Seq(row.get("id")?));
    let number = |column| row.get::<_, Option<u64>>(column);
    let state: String = row.get("state")?;
    let state =
        match (state.as_str(), number("ended")?, row.get("ended_at")?, number("merged_into")?) {
            ("open", ..) => DisconnectState::Open,
            ("ended", Some(ended), Some(at), _) => {
                DisconnectState::Ended { seq: Seq(ended), at: time(at) }
            }
            ("merged", _, _, Some(into)) => {
                DisconnectState::Merged { into: DisconnectId(Seq(into)) }
            }
            _ => return Err(broken(format_args!("the state of disconnect {}", id.0.0))),
        };
    let intent = parse(row, "intent", format_args!("the intent of disconnect {}", id.0.0))?;
    let fenced = parse(row, "fenced", format_args!("the tokens of disconnect {}", id.0.0))?;
    Ok(Disconnect { id, intent, state, fenced })
}

pub(super) fn write(db: &Connection, connection: ConnectionKey, row: &Disconnect) -> Result<()> {
    let Disconnect { id, intent, state, fenced } = row;
    let (state, ended, ended_at, into) = match state {
        DisconnectState::Open => ("open", None, None, None),
        DisconnectState::Ended { seq, at } => ("ended", Some(seq.0), Some(nanoseconds(*at)), None),
        DisconnectState::Merged { into } => ("merged", None, None, Some(into.0.0)),
    };
    upsert!(db, "disconnects",
        "id": id.0.0,
        "connection": connection.0.0,
        "intent": json(intent)?,
        "state": state,
        "ended": ended,
        "ended_at": ended_at,
        "merged_into": into,
        "fenced": json(fenced)?,
    )
}

/// The retirements in a connection, in their order.
pub(super) fn retirements(db: &Connection, connection: ConnectionKey) -> Result<Vec<Retirement>> {
    let sql = "SELECT * FROM retirements WHERE connection = ?1 ORDER BY seq";
    db.prepare_cached(sql)?.query_and_then([connection.0.0], retirement)?.collect()
}

pub(crate) fn retirement(row: &Row<'_>) -> Result<Retirement> {
    let seq = Seq(row.get("seq")?);
    let customer = CustomerId::new(row.get::<_, String>("customer")?)
        .map_err(|_| broken(format_args!("the customer of retirement {}", seq.0)))?;
    Ok(Retirement { seq, customer, at: time(row.get("at")?) })
}

pub(super) fn write_retirement(
    db: &Connection,
    connection: ConnectionKey,
    row: &Retirement,
) -> Result<()> {
    let Retirement { seq, customer, at } = row;
    let (customer, at) = (customer.as_str(), nanoseconds(*at));
    upsert!(db, "retirements",
        "seq": seq.0, "connection": connection.0.0, "customer": customer, "at": at)
}
