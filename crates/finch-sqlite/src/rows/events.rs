//! Events: what happened, in order. Rows are only added.

use finch_core::{
    ConnectionId, ConnectionKey, CustomerId, Event, EventId, EventQuery, Recorded, Seq,
};
use rusqlite::{Connection, Row, named_params, params};

use crate::{
    error::{Result, require},
    values::{clamped, json, nanoseconds, parse},
};

/// Appends an event to the record of a connection, or to the store's own.
pub(super) fn append(
    db: &Connection,
    connection: Option<ConnectionKey>,
    (id, event): (EventId, &Event),
) -> Result<()> {
    let sql = "INSERT INTO events (number, place, connection, event, at, connection_id, customer) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    db.prepare_cached(sql)?.execute(params![
        id.commit.0,
        id.place,
        connection.map(|key| key.0.0),
        json(event)?,
        nanoseconds(event.at),
        event.connection_id.as_ref().map(ConnectionId::as_str),
        event.customer.as_ref().map(CustomerId::as_str),
    ])?;
    Ok(())
}

fn recorded(row: &Row<'_>) -> Result<Recorded> {
    let id = EventId { commit: Seq(row.get("number")?), place: row.get("place")? };
    Ok(Recorded {
        id,
        connection: row.get::<_, Option<u64>>("connection")?.map(|key| ConnectionKey(Seq(key))),
        event: parse(row, "event", format_args!("event {}", named(id)))?,
    })
}

fn named(id: EventId) -> String {
    format!("{}.{}", id.commit.0, id.place)
}

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let Recorded { id, event, .. } = recorded(row)?;
    let optional = |column| row.get::<_, Option<String>>(column);
    let agree = row.get::<_, i64>("at")? == nanoseconds(event.at)
        && optional("connection_id")?.as_deref()
            == event.connection_id.as_ref().map(ConnectionId::as_str)
        && optional("customer")?.as_deref() == event.customer.as_ref().map(CustomerId::as_str);
    require(agree, format_args!("the columns of event {} beside its JSON", named(id)))
}

/// The statement for a page of this kind. An index serves each.
pub(crate) fn sql(customer: bool, connection: bool) -> String {
    let named = if customer { "AND customer = :customer" } else { "" };
    let of_connection = format!(
        "connection_id IN (SELECT connection_id FROM tokens WHERE connection = \
             (SELECT connection FROM tokens WHERE connection_id = :connection {named} LIMIT 1))"
    );
    let of = match (customer, connection) {
        (false, false) => ":customer IS NULL AND :connection IS NULL".to_owned(),
        (true, false) => "customer = :customer AND :connection IS NULL".to_owned(),
        (false, true) => format!("{of_connection} AND :customer IS NULL"),
        (true, true) => format!("{of_connection} AND +customer = :customer"),
    };
    format!(
        "SELECT number, place, connection, event FROM events \
         WHERE {of} AND (number, place) > (:number, :place) AND at >= :since ORDER BY number, place LIMIT :limit"
    )
}

pub(crate) fn page(db: &Connection, query: &EventQuery<'_>) -> Result<Vec<Recorded>> {
    let of = named_params! {
        ":customer": query.customer.map(CustomerId::as_str),
        ":connection": query.connection.map(ConnectionId::as_str),
        ":number": query.after.map_or(-1, |id| clamped(id.commit.0)),
        ":place": query.after.map_or(-1, |id| i64::from(id.place)),
        ":since": query.since.map_or(i64::MIN, nanoseconds),
        ":limit": clamped(query.limit),
    };
    let sql = sql(query.customer.is_some(), query.connection.is_some());
    db.prepare_cached(&sql)?.query_and_then(of, recorded)?.collect()
}
