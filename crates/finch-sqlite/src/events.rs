//! Events: what happened, in order. Rows are only added.

use finch_core::{
    ConnectionId, ConnectionKey, CustomerId, Event, EventId, EventQuery, Recorded, Seq,
};
use rusqlite::{Connection, Row, named_params, params};

use crate::{
    error::Result,
    rows::{clamped, execute, json, parse},
};

/// Appends an event to the record of a connection, or to the store's own.
pub(crate) fn append(
    db: &Connection,
    connection: Option<ConnectionKey>,
    (id, event): (EventId, &Event),
) -> Result<()> {
    let sql = "INSERT INTO events (number, place, connection, row) VALUES (?1, ?2, ?3, ?4)";
    let connection = connection.map(|key| key.0.0);
    let row = params![id.commit.0, id.place, connection, json(event)?];
    execute(db, sql, row)
}

pub(crate) fn recorded(row: &Row<'_>) -> Result<Recorded> {
    let id = EventId { commit: Seq(row.get("number")?), place: row.get("place")? };
    let what = || format!("event {} of commit {}", id.place, id.commit.0);
    Ok(Recorded {
        id,
        connection: row.get::<_, Option<u64>>("connection")?.map(|key| ConnectionKey(Seq(key))),
        event: parse(row, "row", what)?,
    })
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
        "SELECT number, place, connection, row FROM events \
         WHERE {of} AND (number, place) > (:number, :place) ORDER BY number, place"
    )
}

pub(crate) fn page(db: &Connection, query: &EventQuery<'_>) -> Result<Vec<Recorded>> {
    let of = named_params! {
        ":customer": query.customer.map(CustomerId::as_str),
        ":connection": query.connection.map(ConnectionId::as_str),
        ":number": query.after.map_or(-1, |id| clamped(id.commit.0)),
        ":place": query.after.map_or(-1, |id| i64::from(id.place)),
    };
    let sql = sql(query.customer.is_some(), query.connection.is_some());
    let mut statement = db.prepare_cached(&sql)?;
    let found = statement.query_and_then(of, recorded)?;
    let is_since = |found: &Result<Recorded>| match found {
        Ok(recorded) => query.since.is_none_or(|since| recorded.event.at >= since),
        Err(_) => true,
    };
    found.filter(is_since).take(query.limit).collect()
}
