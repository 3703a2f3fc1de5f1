//! The record: what happened, each row tied to the one before by a keyed hash.
//!
//! Row n keeps `chain(n) = H(head(n-1), n, event)`, and the store `head(n) = H(n, chain(n))` of the newest
//! row alone. Without the key nobody makes either: a row that was changed or taken out breaks the next
//! one's hash, and one that was cut off at the end the head.

use finch_core::{ConnectionId, CustomerId, Event, EventId, EventQuery, Timestamp};
use finch_seal::KeyRing;
use rusqlite::{Connection, OptionalExtension as _, named_params, params};

use crate::{
    error::Result,
    lookup,
    pages::size,
    values::{self, json, nanoseconds, number},
    writer::Tx,
};

type Hash = [u8; 32];

const HEAD: &str = "SELECT record_head FROM store";
const LAST: &str = "SELECT id, chain FROM events ORDER BY id DESC LIMIT 1";

pub(crate) fn append(tx: &Tx<'_>, event: &Event) -> Result<()> {
    let last: Option<(i64, Option<Hash>)> = tx
        .db
        .prepare_cached(LAST)?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    // What the store keeps counts, not what the last row leads to: a row that was cut off shows.
    let head: Option<Hash> = values::first(tx.db, HEAD, [])?.unwrap_or_default();
    let head = head.unwrap_or_default();
    let keys = tx.sealer.ring();
    let (id, event_text) = (last.map_or(1, |(id, _)| id + 1), json(event)?);
    let chain = link(&keys, &head, id, &event_text);
    let sql = "INSERT INTO events (id, at, connection_id, customer, event, chain) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    tx.db.prepare_cached(sql)?.execute(params![
        id,
        nanoseconds(event.at),
        event.connection_id.as_ref().map(ConnectionId::as_str),
        event.customer.as_ref().map(CustomerId::as_str),
        event_text,
        chain,
    ])?;
    let head = self::head(&keys, Some((id, Some(chain))));
    tx.db.prepare_cached("UPDATE store SET record_head = ?1")?.execute([head])?;
    Ok(())
}

/// Begins the chain: in a new store, or over what a store has from before there was one.
pub(crate) fn begin(db: &Connection, keys: &KeyRing) -> rusqlite::Result<()> {
    let last = db.query_row(LAST, [], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
    db.execute("UPDATE store SET record_head = ?1", [head(keys, last)]).map(drop)
}

fn link(keys: &KeyRing, head: &Hash, id: i64, event: &str) -> Hash {
    keys.authenticate("event", &[head, &id.to_be_bytes(), event.as_bytes()])
}

/// What stands for a row and all before it. Rows from before there was a chain, and none at all, count
/// with zeros.
fn head(keys: &KeyRing, row: Option<(i64, Option<Hash>)>) -> Hash {
    let (id, chain) = row.unwrap_or_default();
    keys.authenticate("record", &[&id.to_be_bytes(), &chain.unwrap_or_default()])
}

/// What a look at the whole record shows.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct RecordCheck {
    /// How many events there are.
    pub events: u64,
    /// How many of them, the oldest, are from before events were chained: nothing protects these.
    pub unchained: u64,
    /// The first event that is not what was written, or before which some are missing; 0: the newest ones
    /// are missing.
    pub broken_at: Option<u64>,
}

/// Follows the chain from the first row to the head.
pub(crate) fn check(
    db: &Connection,
    keys: &KeyRing,
    mut progress: impl FnMut(u64),
) -> Result<RecordCheck> {
    let db = db.unchecked_transaction()?;
    let sql = "SELECT id, chain, event, at, connection_id, customer FROM events ORDER BY id";
    let mut statement = db.prepare(sql)?;
    let mut rows = statement.query([])?;
    let mut found = RecordCheck::default();
    let mut last: Option<(i64, Option<Hash>)> = None;
    while let Some(row) = rows.next()? {
        let (id, chain, text): (i64, Option<Hash>, String) =
            (row.get(0)?, row.get(1)?, row.get(2)?);
        let columns: (i64, Option<String>, Option<String>) =
            (row.get(3)?, row.get(4)?, row.get(5)?);
        let is_first_chained = last.is_none_or(|(_, chain)| chain.is_none());
        let holds = match chain {
            Some(chain) => {
                chain == link(keys, &head(keys, last), id, &text) && agrees(&text, columns)
            }
            None => is_first_chained,
        };
        if !holds && found.broken_at.is_none() {
            found.broken_at = Some(id.unsigned_abs());
        }
        found.events += 1;
        found.unchained += u64::from(chain.is_none());
        last = Some((id, chain));
        progress(found.events);
    }
    let kept: Option<Hash> = values::first(&db, HEAD, [])?.unwrap_or_default();
    if kept != Some(head(keys, last)) {
        found.broken_at.get_or_insert(0);
    }
    Ok(found)
}

/// Whether the columns by which events are found say the same as the event.
fn agrees(
    text: &str,
    (at, connection_id, customer): (i64, Option<String>, Option<String>),
) -> bool {
    let Ok(event) = serde_json::from_str::<Event>(text) else { return false };
    nanoseconds(event.at) == at
        && event.connection_id.as_ref().map(ConnectionId::as_str) == connection_id.as_deref()
        && event.customer.as_ref().map(CustomerId::as_str) == customer.as_deref()
}

/// [`EventQuery`], owned.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    customer: Option<CustomerId>,
    connection: Option<ConnectionId>,
    since: Option<Timestamp>,
    after: Option<EventId>,
    limit: usize,
}

impl From<&EventQuery<'_>> for Wanted {
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

const PAGE: &str = "AND id > :after AND at >= :since ORDER BY id LIMIT :limit";
const OF_CONNECTION: &str = "connection_id IN \
    (SELECT connection_id FROM tokens WHERE connection = :connection)";

/// The query for such a page: each is served by an index.
pub(crate) fn sql(customer: bool, connection: bool) -> String {
    let of = match (customer, connection) {
        (false, false) => "TRUE".to_owned(),
        (true, false) => "customer = :customer".to_owned(),
        (false, true) => OF_CONNECTION.to_owned(),
        (true, true) => format!("{OF_CONNECTION} AND +customer = :customer"),
    };
    format!("SELECT id, event FROM events WHERE {of} {PAGE}")
}

pub(crate) fn page(db: &Connection, wanted: &Wanted) -> Result<Vec<(EventId, Event)>> {
    let db = db.unchecked_transaction()?;
    let connection = match &wanted.connection {
        None => None,
        Some(id) => match lookup::named(&db, id, wanted.customer.as_ref())? {
            None => return Ok(Vec::new()),
            found => found,
        },
    };
    let sql = sql(wanted.customer.is_some(), connection.is_some());
    let mut statement = db.prepare_cached(&sql)?;
    let since = wanted.since.map_or(i64::MIN, nanoseconds);
    let after = wanted.after.map_or(-1, |id| i64::try_from(id.0).unwrap_or(i64::MAX));
    let mut bound: Vec<(&str, &dyn rusqlite::ToSql)> = Vec::new();
    let (limit, key) = (size(wanted.limit), connection.map(|key| number(key.0)));
    let customer = wanted.customer.as_ref().map(CustomerId::as_str);
    bound.extend_from_slice(named_params! { ":after": after, ":since": since, ":limit": limit });
    if key.is_some() {
        bound.push((":connection", &key));
    }
    if customer.is_some() {
        bound.push((":customer", &customer));
    }
    let rows = statement.query_and_then(&*bound, |row| {
        let id = EventId(row.get::<_, i64>(0)?.unsigned_abs());
        let text = row.get_ref(1)?.as_str().unwrap_or_default();
        Ok((id, values::parse(text, format_args!("event {}", id.0))?))
    })?;
    rows.collect()
}
