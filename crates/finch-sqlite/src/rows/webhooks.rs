//! Webhooks: kept once by their ids, listed while they wait, forgotten when they are old.

use finch_core::{Awaits, Seq, WebhookEvent, WebhookEventId};
use rusqlite::{Connection, Row, params};

use crate::{
    error::{Result, require},
    values::{json, nanoseconds, next, number, parse, seq, size},
};

pub(crate) const KNOWN: &str = "SELECT 1 FROM webhooks WHERE id = ?1";
pub(crate) const FORGET: &str =
    "DELETE FROM webhooks WHERE awaits IS NOT 'probe' AND received <= ?1";

pub(crate) fn keep(db: &Connection, event: &WebhookEvent, awaits: Awaits) -> Result<bool> {
    db.prepare_cached(FORGET)?.execute([nanoseconds(event.outlives())])?;
    if db.prepare_cached(KNOWN)?.exists([event.id.as_str()])? {
        return Ok(false);
    }
    let sql = "INSERT INTO webhooks (number, id, received, awaits, event) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    db.prepare_cached(sql)?.execute(params![
        number(next(db)?),
        event.id.as_str(),
        nanoseconds(event.received),
        awaits.name(),
        json(event)?,
    ])?;
    Ok(true)
}

fn webhook(row: &Row<'_>) -> Result<(Seq, WebhookEvent)> {
    let number = seq(row.get("number")?);
    Ok((number, parse(row, "event", format_args!("webhook {}", number.0))?))
}

/// Every row of which more than the id is left, as [`check`] needs it.
pub(crate) const ALL: &str = "SELECT * FROM webhooks WHERE awaits IS NOT NULL";

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let (number, event) = webhook(row)?;
    let agree = row.get::<_, String>("id")? == event.id.as_str()
        && row.get::<_, i64>("received")? == nanoseconds(event.received);
    require(agree, format_args!("the columns of webhook {} beside its JSON", number.0))
}

pub(crate) const WAITING: &str = "SELECT number, event FROM webhooks \
    WHERE awaits = ?1 AND number > ?2 ORDER BY number LIMIT ?3";

pub(crate) fn waiting(
    db: &Connection,
    awaits: Awaits,
    after: Option<Seq>,
    limit: usize,
) -> Result<Vec<(Seq, WebhookEvent)>> {
    let page = params![awaits.name(), after.map_or(-1, number), size(limit)];
    db.prepare_cached(WAITING)?.query_and_then(page, webhook)?.collect()
}

pub(crate) const DONE: &str =
    "UPDATE webhooks SET awaits = NULL, event = NULL WHERE id = ?1 AND awaits IS NOT NULL";

pub(crate) fn done(db: &Connection, id: &WebhookEventId) -> Result<bool> {
    Ok(db.prepare_cached(DONE)?.execute([id.as_str()])? > 0)
}
