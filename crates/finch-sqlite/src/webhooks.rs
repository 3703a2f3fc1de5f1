//! Webhooks: kept once by their ids, listed while they wait, forgotten when they are old.

use finch_core::{Awaits, Seq, WebhookEvent, WebhookEventId};
use rusqlite::{Connection, params};

use crate::{
    error::Result,
    pages::size,
    sequence::next,
    values::{json, nanoseconds, number, parse, seq},
    writer::Tx,
};

pub(crate) const KNOWN: &str = "SELECT 1 FROM webhooks WHERE id = ?1";
pub(crate) const FORGET: &str =
    "DELETE FROM webhooks WHERE awaits IS NOT 'probe' AND received <= ?1";

pub(crate) fn keep(tx: &Tx<'_>, event: &WebhookEvent, awaits: Awaits) -> Result<bool> {
    tx.db.prepare_cached(FORGET)?.execute([nanoseconds(event.outlives())])?;
    if tx.db.prepare_cached(KNOWN)?.exists([event.id.as_str()])? {
        return Ok(false);
    }
    let sql = "INSERT INTO webhooks (number, id, received, awaits, event) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    tx.db.prepare_cached(sql)?.execute(params![
        number(next(tx.db)?),
        event.id.as_str(),
        nanoseconds(event.received),
        awaits.name(),
        json(event)?,
    ])?;
    Ok(true)
}

pub(crate) const WAITING: &str = "SELECT number, event FROM webhooks \
    WHERE awaits = ?1 AND number > ?2 ORDER BY number LIMIT ?3";

pub(crate) fn waiting(
    db: &Connection,
    awaits: Awaits,
    after: Option<Seq>,
    limit: usize,
) -> Result<Vec<(Seq, WebhookEvent)>> {
    let after = after.map_or(-1, number);
    let mut statement = db.prepare_cached(WAITING)?;
    let rows = statement.query_and_then(params![awaits.name(), after, size(limit)], |row| {
        let number = seq(row.get(0)?);
        let text = row.get_ref(1)?.as_str().unwrap_or_default();
        Ok((number, parse(text, format_args!("webhook {}", number.0))?))
    })?;
    rows.collect()
}

pub(crate) const DONE: &str =
    "UPDATE webhooks SET awaits = NULL, event = NULL WHERE id = ?1 AND awaits IS NOT NULL";

pub(crate) fn done(tx: &Tx<'_>, id: &WebhookEventId) -> Result<bool> {
    Ok(tx.db.prepare_cached(DONE)?.execute([id.as_str()])? > 0)
}
