//! Events: what happened, in order. Rows are only added.

use finch_core::{
    ConnectionId, ConnectionKey, CustomerId, Event, EventId, EventQuery, Recorded, Timestamp,
};
use rusqlite::{Connection, Row, named_params, params};

use super::lookup;
use crate::{
    error::{Result, require},
    values::{count_of, json, nanoseconds, number, parse, seq, size},
};

/// Appends an event to the record of a connection, or to the store's own.
pub(super) fn append(
    db: &Connection,
    connection: Option<ConnectionKey>,
    event: &Event,
) -> Result<()> {
    let sql = "INSERT INTO events (connection, event, at, connection_id, customer) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        connection.map(|key| number(key.0)),
        json(event)?,
        nanoseconds(event.at),
        event.connection_id.as_ref().map(ConnectionId::as_str),
        event.customer.as_ref().map(CustomerId::as_str),
    ])?;
    Ok(())
}

fn recorded(row: &Row<'_>) -> Result<Recorded> {
    let id = EventId(row.get::<_, i64>("id")?.unsigned_abs());
    Ok(Recorded {
        id,
        connection: row.get::<_, Option<i64>>("connection")?.map(|key| ConnectionKey(seq(key))),
        event: parse(&row.get::<_, String>("event")?, format_args!("event {}", id.0))?,
    })
}

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let Recorded { id, event, .. } = recorded(row)?;
    let optional = |column| row.get::<_, Option<String>>(column);
    let agree = row.get::<_, i64>("at")? == nanoseconds(event.at)
        && optional("connection_id")?.as_deref()
            == event.connection_id.as_ref().map(ConnectionId::as_str)
        && optional("customer")?.as_deref() == event.customer.as_ref().map(CustomerId::as_str);
    require(agree, format_args!("the columns of event {} beside its JSON", id.0))
}

/// [`EventQuery`], owned.
#[derive(Clone, Debug)]
pub(crate) struct Page {
    customer: Option<CustomerId>,
    connection: Option<ConnectionId>,
    since: Option<Timestamp>,
    after: Option<EventId>,
    limit: usize,
}

impl From<&EventQuery<'_>> for Page {
    fn from(query: &EventQuery<'_>) -> Self {
        Self {
            customer: query.customer.cloned(),
            connection: query.connection.cloned(),
            since: query.since,
            after: query.after,
            limit: query.limit,
        }
    }
}

/// The query for such a page: each is served by an index.
pub(crate) fn sql(customer: bool, connection: bool) -> String {
    let of_connection =
        "connection_id IN (SELECT connection_id FROM tokens WHERE connection = :key)";
    let of = match (customer, connection) {
        (false, false) => ":customer IS NULL AND :key IS NULL".to_owned(),
        (true, false) => "customer = :customer AND :key IS NULL".to_owned(),
        (false, true) => format!("{of_connection} AND :customer IS NULL"),
        (true, true) => format!("{of_connection} AND +customer = :customer"),
    };
    format!(
        "SELECT id, connection, event FROM events \
         WHERE {of} AND id > :after AND at >= :since ORDER BY id LIMIT :limit"
    )
}

pub(crate) fn page(db: &Connection, page: &Page) -> Result<Vec<Recorded>> {
    let db = db.unchecked_transaction()?;
    let customer = page.customer.as_ref();
    let key = match &page.connection {
        None => None,
        Some(id) => match lookup::named(&db, id, customer)? {
            None => return Ok(Vec::new()),
            Some(key) => Some(number(key.0)),
        },
    };
    let mut statement = db.prepare_cached(&sql(customer.is_some(), key.is_some()))?;
    let of = named_params! {
        ":customer": customer.map(CustomerId::as_str),
        ":key": key,
        ":after": page.after.map_or(-1, |id| count_of(id.0)),
        ":since": page.since.map_or(i64::MIN, nanoseconds),
        ":limit": size(page.limit),
    };
    statement.query_and_then(of, recorded)?.collect()
}
