//! Listings of connections, in pages.

use finch_core::{Connection, ConnectionKey, Due, Query, Timestamp};
use rusqlite::params;

use super::{connections, lookup};
use crate::{
    error::Result,
    values::{self, nanoseconds, number, seq, size},
};

/// Those without any token are left out.
pub(crate) const OF_ALL: &str = "SELECT key FROM connections WHERE key > ?1 \
    AND EXISTS (SELECT 1 FROM tokens WHERE connection = key) ORDER BY key LIMIT ?2";
pub(crate) const OF_CUSTOMER: &str = "SELECT DISTINCT connection FROM tokens \
    WHERE customer = ?3 AND connection > ?1 ORDER BY connection LIMIT ?2";

pub(crate) fn page(db: &rusqlite::Connection, query: &Query<'_>) -> Result<Vec<Connection>> {
    let db = db.unchecked_transaction()?;
    let customer = query.customer;
    let (after, limit) = (after(query.after), size(query.limit));
    let keys: Vec<i64> = match (query.connection, customer) {
        (Some(id), _) => {
            let key = lookup::named(&db, id, customer)?.map(|key| number(key.0));
            key.filter(|key| *key > after && limit > 0).into_iter().collect()
        }
        (None, None) => values::column(&db, OF_ALL, [after, limit])?,
        (None, Some(customer)) => {
            values::column(&db, OF_CUSTOMER, params![after, limit, customer.as_str()])?
        }
    };
    let load = |key| connections::load(&db, ConnectionKey(seq(key)), customer).transpose();
    keys.into_iter().filter_map(load).collect()
}

pub(crate) const DUE: &str = "SELECT key FROM connections \
    WHERE due IS NOT NULL AND (due <= ?3 OR due > ?4) AND key > ?1 ORDER BY key LIMIT ?2";

pub(crate) fn due(
    db: &rusqlite::Connection,
    due: Option<Due>,
    after_key: Option<ConnectionKey>,
    limit: usize,
) -> Result<Vec<ConnectionKey>> {
    let whenever = Due { by: Timestamp::MAX, beyond: Timestamp::MAX };
    let due = due.unwrap_or(whenever);
    let (by, beyond) = (nanoseconds(due.by), nanoseconds(due.beyond));
    keys(db, DUE, params![after(after_key), size(limit), by, beyond])
}

pub(crate) const ATTENTION: &str =
    "SELECT key FROM connections WHERE attention = 1 AND key > ?1 ORDER BY key LIMIT ?2";

pub(crate) fn attention(
    db: &rusqlite::Connection,
    after_key: Option<ConnectionKey>,
    limit: usize,
) -> Result<Vec<ConnectionKey>> {
    keys(db, ATTENTION, params![after(after_key), size(limit)])
}

fn keys(
    db: &rusqlite::Connection,
    sql: &str,
    page: impl rusqlite::Params,
) -> Result<Vec<ConnectionKey>> {
    let keys: Vec<i64> = values::column(db, sql, page)?;
    Ok(keys.into_iter().map(|key| ConnectionKey(seq(key))).collect())
}

fn after(key: Option<ConnectionKey>) -> i64 {
    key.map_or(-1, |key| number(key.0))
}
