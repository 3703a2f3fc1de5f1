//! Attempts: opened, claimed once, ended, forgotten.

use finch_core::{
    Attempt, AttemptEnd, AttemptId, Claim, CustomerId, Exchange, FORGOTTEN_AT_ONCE, Fingerprint,
    NewAttempt, Timestamp,
};
use rusqlite::{Connection, Row, params};

use crate::{
    error::{Fault, Result},
    rows::{clamped, execute, json, nanoseconds, one, whole},
    writer::Batch,
};

fn attempt(row: &Row<'_>) -> Result<Attempt> {
    whole("attempts", row)
}

/// The columns that are searched: whether it is unsettled, and from when on it may be forgotten.
fn searched(attempt: &Attempt) -> (bool, Option<i64>) {
    (attempt.is_unsettled(), attempt.forgettable_at().map(nanoseconds))
}

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let attempt = attempt(row)?;
    if (row.get("unsettled")?, row.get("forgettable_at")?) == searched(&attempt) {
        return Ok(());
    }
    let id = attempt.id.0.0;
    Err(Fault::Broken(format!("attempt {id} and its columns contradict each other")))
}

/// The oldest.
pub(crate) const FORGET: &str = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts \
    WHERE forgettable_at <= ?1 ORDER BY forgettable_at LIMIT ?2)";

pub(crate) fn open(db: &Batch<'_>, purpose: NewAttempt, state: &Fingerprint) -> Result<AttemptId> {
    let now = nanoseconds(purpose.opened_at);
    execute(db, FORGET, params![now, clamped(FORGOTTEN_AT_ONCE)])?;
    let attempt = Attempt { id: AttemptId(db.next()), purpose, exchange: None };
    let (unsettled, forgettable_at) = searched(&attempt);
    let sql = "INSERT INTO attempts (id, state, row, unsettled, forgettable_at) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let row = params![attempt.id.0.0, state.0, json(&attempt)?, unsettled, forgettable_at];
    execute(db, sql, row)?;
    Ok(attempt.id)
}

pub(crate) fn claim(
    db: &Batch<'_>,
    customer: Option<&CustomerId>,
    state: &Fingerprint,
    code: &Fingerprint,
    now: Timestamp,
) -> Result<Option<(Attempt, Claim)>> {
    let sql = "SELECT * FROM attempts WHERE state = ?1 AND (?2 IS NULL OR customer = ?2)";
    let of = params![state.0, customer.map(CustomerId::as_str)];
    let known = |row: &Row<'_>| Ok((attempt(row)?, row.get::<_, Option<[u8; 32]>>("code")?));
    let Some((mut attempt, kept)) = one(db, sql, of, known)? else { return Ok(None) };
    let claim = attempt.claim(kept == Some(code.0), now);
    if claim == Claim::Begin {
        attempt.exchange = Some(Exchange { began: db.next(), began_at: now, end: None });
        write(db, &attempt, Some(code))?;
    }
    Ok(Some((attempt, claim)))
}

/// Writes the row, and the code of an exchange that begins.
fn write(db: &Connection, attempt: &Attempt, code: Option<&Fingerprint>) -> Result<()> {
    let sql = "UPDATE attempts SET row = ?2, unsettled = ?3, forgettable_at = ?4, \
        code = coalesce(?5, code) WHERE id = ?1";
    let (unsettled, forgettable_at) = searched(attempt);
    let code = code.map(|code| code.0);
    let row = params![attempt.id.0.0, json(attempt)?, unsettled, forgettable_at, code];
    execute(db, sql, row)
}

pub(crate) fn end(db: &Connection, id: AttemptId, end: &AttemptEnd) -> Result<()> {
    let found = one(db, "SELECT * FROM attempts WHERE id = ?1", [id.0.0], attempt)?;
    let Some(mut attempt) = found else { return Ok(()) };
    if let Some(exchange) = &mut attempt.exchange
        && exchange.end.as_ref().is_none_or(|now| now.may_become(end))
    {
        exchange.end = Some(end.clone());
        write(db, &attempt, None)?;
    }
    Ok(())
}

/// Those of a customer, and everyone's. The index is named: there are few rows in it, to be sorted.
pub(crate) const OF_CUSTOMER: &str = "SELECT * FROM attempts INDEXED BY attempts_unsettled \
    WHERE unsettled = 1 AND id > ?1 AND customer = ?2 ORDER BY id";
pub(crate) const OF_ALL: &str = "SELECT * FROM attempts INDEXED BY attempts_unsettled \
    WHERE unsettled = 1 AND id > ?1 AND ?2 IS NULL ORDER BY id";

pub(crate) fn possible_orphans(
    db: &Connection,
    customer: Option<&CustomerId>,
    now: Timestamp,
    after: Option<AttemptId>,
    limit: usize,
) -> Result<Vec<Attempt>> {
    let sql = if customer.is_some() { OF_CUSTOMER } else { OF_ALL };
    let after = after.map_or(-1, |id| clamped(id.0.0));
    let mut statement = db.prepare_cached(sql)?;
    let bound = params![after, customer.map(CustomerId::as_str)];
    let unsettled = statement.query_and_then(bound, attempt)?;
    // One that cannot be read is an error, whatever it is.
    let orphans = unsettled
        .filter(|found| found.as_ref().map_or(true, |attempt| attempt.is_possible_orphan(now)));
    orphans.take(limit).collect()
}
