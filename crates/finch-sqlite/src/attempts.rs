//! Attempts: opened, claimed once, ended.

use finch_core::{
    ABANDONED_AFTER, Attempt, AttemptEnd, AttemptId, Claim, ConnectionId, CustomerId, DisconnectId,
    Exchange, FORGOTTEN_AT_ONCE, FinchCustomerId, Flow, NewAttempt, Product, Timestamp,
    forgotten_until,
};
use rusqlite::{Connection, Row, named_params, params};
use serde::{Deserialize, Serialize};

use crate::{
    error::{Result, broken},
    pages::size,
    rows::outcome,
    sealer::Fingerprint,
    sequence::next,
    values::{json, nanoseconds, number, parse, seq, time},
    writer::Tx,
};

/// What an attempt is for, but for what has a column of its own.
#[derive(Serialize, Deserialize)]
struct Purpose {
    flow: Flow,
    products: Vec<Product>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    reauthenticates: Option<ConnectionId>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    for_disconnect: Option<DisconnectId>,
    opened_at: Timestamp,
    expires_at: Timestamp,
}

const COLUMNS: &str = "id, customer, finch_customer_id, purpose, began, began_at, ended";

fn attempt(row: &Row<'_>) -> Result<Attempt> {
    let id = AttemptId(seq(row.get(0)?));
    let bad = |column: &str| broken(format_args!("the {column} of attempt {}", id.0.0));
    let purpose: Purpose =
        parse(&row.get::<_, String>(3)?, format_args!("the purpose of attempt {}", id.0.0))?;
    let finch_customer_id: Option<String> = row.get(2)?;
    let ended: Option<String> = row.get(6)?;
    let exchange = match (row.get::<_, Option<i64>>(4)?, row.get::<_, Option<i64>>(5)?) {
        (Some(began), Some(at)) => Some(Exchange {
            began: seq(began),
            began_at: time(at),
            end: ended
                .map(|end| parse(&end, format_args!("the end of attempt {}", id.0.0)))
                .transpose()?,
        }),
        _ => None,
    };
    Ok(Attempt {
        id,
        purpose: NewAttempt {
            customer: CustomerId::new(row.get::<_, String>(1)?).map_err(|_| bad("customer"))?,
            flow: purpose.flow,
            finch_customer_id: finch_customer_id
                .map(FinchCustomerId::new)
                .transpose()
                .map_err(|_| bad("Finch customer id"))?,
            products: purpose.products,
            reauthenticates: purpose.reauthenticates,
            for_disconnect: purpose.for_disconnect,
            opened_at: purpose.opened_at,
            expires_at: purpose.expires_at,
        },
        exchange,
    })
}

/// [`Attempt::is_forgettable`], in SQL, for the oldest.
pub(crate) const FORGET: &str = "DELETE FROM attempts WHERE id IN (SELECT id FROM attempts \
    WHERE (outcome IS NULL OR outcome IN ('not_sent', 'failed', 'foreign_token', 'cleared')) \
    AND expires_at <= ?1 ORDER BY expires_at LIMIT ?2)";

pub(crate) fn open(tx: &Tx<'_>, attempt: NewAttempt, state: &Fingerprint) -> Result<AttemptId> {
    let until = nanoseconds(forgotten_until(attempt.opened_at));
    tx.db.prepare_cached(FORGET)?.execute(params![until, size(FORGOTTEN_AT_ONCE)])?;
    let id = AttemptId(next(tx.db)?);
    let NewAttempt { customer, finch_customer_id, .. } = &attempt;
    let (customer, finch_customer_id) =
        (customer.as_str(), finch_customer_id.as_ref().map(FinchCustomerId::as_str));
    if let Some(used) = finch_customer_id {
        let sql = "INSERT OR IGNORE INTO used_customer_ids (finch_customer_id, customer) \
            VALUES (?1, ?2)";
        tx.db.prepare_cached(sql)?.execute([used, customer])?;
    }
    let sql = "INSERT INTO attempts \
        (id, customer, finch_customer_id, state_hash, purpose, expires_at) \
        VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let purpose = json(&Purpose {
        flow: attempt.flow.clone(),
        products: attempt.products.clone(),
        reauthenticates: attempt.reauthenticates.clone(),
        for_disconnect: attempt.for_disconnect,
        opened_at: attempt.opened_at,
        expires_at: attempt.expires_at,
    })?;
    let expires_at = nanoseconds(attempt.expires_at);
    let row = params![number(id.0), customer, finch_customer_id, state, purpose, expires_at];
    tx.db.prepare_cached(sql)?.execute(row)?;
    Ok(id)
}

pub(crate) fn claim(
    tx: &Tx<'_>,
    customer: Option<&CustomerId>,
    state: &Fingerprint,
    code: &Fingerprint,
    now: Timestamp,
) -> Result<Option<(Attempt, Claim)>> {
    let sql = format!(
        "SELECT {COLUMNS}, code_hash FROM attempts \
         WHERE state_hash = :state AND (:customer IS NULL OR customer = :customer)"
    );
    let mut statement = tx.db.prepare_cached(&sql)?;
    let of = named_params! { ":state": state, ":customer": customer.map(CustomerId::as_str) };
    let mut rows = statement.query(of)?;
    let Some(row) = rows.next()? else {
        return Ok(None);
    };
    let mut attempt = attempt(row)?;
    let same_code = row.get::<_, Option<Fingerprint>>(7)?.is_some_and(|known| known == *code);
    let claim = attempt.claim(same_code, now);
    if claim == Claim::Begin {
        let began = next(tx.db)?;
        let sql = "UPDATE attempts SET began = ?2, began_at = ?3, code_hash = ?4, \
            outcome = 'running', ended = NULL WHERE id = ?1";
        let row = params![number(attempt.id.0), number(began), nanoseconds(now), code];
        tx.db.prepare_cached(sql)?.execute(row)?;
        attempt.exchange = Some(Exchange { began, began_at: now, end: None });
    }
    Ok(Some((attempt, claim)))
}

/// [`AttemptEnd::may_become`], in SQL.
pub(crate) fn end(tx: &Tx<'_>, id: AttemptId, end: &AttemptEnd) -> Result<()> {
    let sql = "UPDATE attempts SET outcome = ?2, ended = ?3 \
        WHERE id = ?1 AND (outcome IN ('running', 'not_sent', 'unknown') \
            OR (outcome = 'cleared' AND ?4))";
    let row = params![number(id.0), outcome(end)?, json(end)?, AttemptEnd::Cleared.may_become(end)];
    tx.db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

/// [`Attempt::is_possible_orphan`], in SQL.
pub(crate) const ORPHANS: &str = "outcome IN ('running', 'unknown') \
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
    let sql = format!("SELECT {COLUMNS} FROM attempts WHERE {ORPHANS}");
    let page = named_params! {
        ":abandoned": nanoseconds(abandoned),
        ":ahead": nanoseconds(ahead),
        ":customer": customer.map(CustomerId::as_str),
        ":after": after.map_or(-1, |id| number(id.0)),
        ":limit": size(limit),
    };
    db.prepare_cached(&sql)?.query_and_then(page, attempt)?.collect()
}
