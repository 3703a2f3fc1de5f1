//! Attempts: opened, claimed once, ended, forgotten.

use finch_core::{
    ABANDONED_AFTER, Attempt, AttemptEnd, AttemptId, Claim, CustomerId, Exchange,
    FORGOTTEN_AT_ONCE, Fingerprint, NewAttempt, Seq, Timestamp, forgotten_until,
};
use rusqlite::{Connection, Row, named_params, params, types::ValueRef};

use crate::{
    error::{Fault, Result, require},
    values::{clamped, json, nanoseconds, next, parse, time},
};

fn attempt(row: &Row<'_>) -> Result<Attempt> {
    let id = AttemptId(Seq(row.get("id")?));
    let began = row.get::<_, Option<u64>>("began")?.zip(row.get("began_at")?);
    let end = match row.get_ref("ended")? {
        ValueRef::Null => None,
        _ => Some(parse(row, "ended", format_args!("the end of attempt {}", id.0.0))?),
    };
    Ok(Attempt {
        id,
        purpose: parse(row, "purpose", format_args!("the purpose of attempt {}", id.0.0))?,
        exchange: began.map(|(began, at)| Exchange { began: Seq(began), began_at: time(at), end }),
    })
}

/// Whether a row can be read, and the columns that are searched agree with what it says.
pub(crate) fn check(row: &Row<'_>) -> Result<()> {
    let Attempt { id, purpose, exchange } = attempt(row)?;
    let outcome = match exchange {
        None => None,
        Some(Exchange { end: None, .. }) => Some("running"),
        Some(Exchange { end: Some(end), .. }) => Some(self::outcome(&end)?),
    };
    let agree = row.get::<_, String>("customer")? == purpose.customer.as_str()
        && row.get::<_, i64>("expires_at")? == nanoseconds(purpose.expires_at)
        && row.get::<_, Option<String>>("outcome")?.as_deref() == outcome;
    require(agree, format_args!("the columns of attempt {} beside its JSON", id.0.0))
}

/// The name under which the end of an attempt can be searched for.
fn outcome(end: &AttemptEnd) -> Result<&'static str> {
    Ok(match end {
        AttemptEnd::Stored(_) => "stored",
        AttemptEnd::ForeignToken => "foreign_token",
        AttemptEnd::NotSent(_) => "not_sent",
        AttemptEnd::Failed(_) => "failed",
        AttemptEnd::Unknown(_) | AttemptEnd::Covered { .. } => "unknown",
        AttemptEnd::Cleared | AttemptEnd::Dismissed { .. } => "cleared",
        _ => {
            let unknown = "an end of an attempt is unknown to this release";
            return Err(Fault::Broken(unknown.to_owned()));
        }
    })
}

/// [`Attempt::is_forgettable`], in SQL, for the oldest.
pub(crate) const FORGET: &str = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts \
    WHERE (outcome IS NULL OR outcome IN ('not_sent', 'failed', 'foreign_token', 'cleared')) \
    AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(crate) fn open(
    db: &Connection,
    attempt: &NewAttempt,
    state: &Fingerprint,
) -> Result<AttemptId> {
    let until = nanoseconds(forgotten_until(attempt.opened_at));
    db.prepare_cached(FORGET)?.execute(params![until, clamped(FORGOTTEN_AT_ONCE)])?;
    let id = AttemptId(next(db)?);
    let customer = attempt.customer.as_str();
    let sql = "INSERT INTO attempts (id, state, purpose, customer, expires_at) \
        VALUES (?1, ?2, ?3, ?4, ?5)";
    let (purpose, expires_at) = (json(attempt)?, nanoseconds(attempt.expires_at));
    let row = params![id.0.0, state.0, purpose, customer, expires_at];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(id)
}

pub(crate) fn claim(
    db: &Connection,
    customer: Option<&CustomerId>,
    state: &Fingerprint,
    code: &Fingerprint,
    now: Timestamp,
) -> Result<Option<(Attempt, Claim)>> {
    let sql = "SELECT * FROM attempts WHERE state = ?1 AND (?2 IS NULL OR customer = ?2)";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params![state.0, customer.map(CustomerId::as_str)])?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut attempt = attempt(row)?;
    let same_code = row.get::<_, Option<[u8; 32]>>("code")? == Some(code.0);
    let claim = attempt.claim(same_code, now);
    if claim == Claim::Begin {
        let began = next(db)?;
        let sql = "UPDATE attempts SET began = ?2, began_at = ?3, code = ?4, \
            outcome = 'running', ended = NULL WHERE id = ?1";
        let row = params![attempt.id.0.0, began.0, nanoseconds(now), code.0];
        db.prepare_cached(sql)?.execute(row)?;
        attempt.exchange = Some(Exchange { began, began_at: now, end: None });
    }
    Ok(Some((attempt, claim)))
}

pub(crate) fn end(db: &Connection, id: AttemptId, end: &AttemptEnd) -> Result<()> {
    let mut statement = db.prepare_cached("SELECT * FROM attempts WHERE id = ?1")?;
    let found = statement.query_and_then([id.0.0], attempt)?.next().transpose()?;
    let exchange = found.and_then(|attempt| attempt.exchange);
    if exchange.is_some_and(|e| e.end.is_none_or(|now| now.may_become(end))) {
        let sql = "UPDATE attempts SET outcome = ?2, ended = ?3 WHERE id = ?1";
        db.prepare_cached(sql)?.execute(params![id.0.0, outcome(end)?, json(end)?])?;
    }
    Ok(())
}

/// [`Attempt::is_possible_orphan`], in SQL.
pub(crate) const ORPHANS: &str = "SELECT * FROM attempts WHERE outcome IN ('running', 'unknown') \
    AND (outcome = 'unknown' OR began_at <= :abandoned OR began_at >= :ahead) \
    AND (:customer IS NULL OR customer = :customer) \
    AND id > :after ORDER BY id LIMIT :limit";

pub(crate) fn possible_orphans(
    db: &Connection,
    customer: Option<&CustomerId>,
    now: Timestamp,
    after: Option<AttemptId>,
    limit: usize,
) -> Result<Vec<Attempt>> {
    let abandoned = now.checked_sub(ABANDONED_AFTER).unwrap_or(Timestamp::MIN);
    let ahead = now.checked_add(ABANDONED_AFTER).unwrap_or(Timestamp::MAX);
    let page = named_params! {
        ":abandoned": nanoseconds(abandoned),
        ":ahead": nanoseconds(ahead),
        ":customer": customer.map(CustomerId::as_str),
        ":after": after.map_or(-1, |id| clamped(id.0.0)),
        ":limit": clamped(limit),
    };
    db.prepare_cached(ORPHANS)?.query_and_then(page, attempt)?.collect()
}
