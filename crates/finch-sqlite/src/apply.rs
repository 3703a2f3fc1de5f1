//! Changes, applied whole: first whether what they were decided on still holds, then in their order.

use finch_core::{
    Admission, Agenda, Applied, Changes, CompanyId, ConnectionKey, ProviderId, Revision, Target,
};
use rusqlite::{Connection, params};

use crate::{
    attempts, disconnects,
    error::{Fault, Result},
    lookup, record,
    sequence::next,
    tokens,
    values::{self, nanoseconds, number},
    writer::Tx,
};

pub(crate) fn apply(tx: &Tx<'_>, changes: &Changes) -> Result<Applied> {
    check(tx, changes)?;
    let (key, revision) = target(tx.db, &changes.target)?;
    let absorbed = changes.absorb.map(|(absorbed, _)| absorbed);
    if let Some(absorbed) = absorbed {
        absorb(tx.db, key, absorbed)?;
    }
    if let Some(company) = &changes.company {
        let sql = "UPDATE connections SET company = ?2 WHERE key = ?1";
        tx.db.prepare_cached(sql)?.execute(params![number(key.0), company.as_str()])?;
    }
    let admitted =
        changes.admit.as_ref().map(|admission| tokens::admit(tx, key, admission)).transpose()?;
    for change in &changes.tokens {
        tokens::change(tx, key, change)?;
    }
    let mut begun = None;
    for change in &changes.disconnects {
        disconnects::change(tx.db, key, change, &mut begun)?;
    }
    if let Some((customer, at)) = &changes.retirement {
        let sql = "INSERT INTO retirements (seq, connection, customer, at) VALUES (?1, ?2, ?3, ?4)";
        let seq = number(next(tx.db)?);
        let row = params![seq, number(key.0), customer.as_str(), nanoseconds(*at)];
        tx.db.prepare_cached(sql)?.execute(row)?;
    }
    if let Some(absorbed) = absorbed {
        bury(tx.db, key, absorbed)?;
    }
    if let Some(Agenda { due, attention }) = changes.agenda {
        let sql = "UPDATE connections SET due = ?2, attention = ?3 WHERE key = ?1";
        let row = params![number(key.0), due.map(nanoseconds), attention];
        tx.db.prepare_cached(sql)?.execute(row)?;
    }
    if let Some((attempt, end)) = changes.attempt_end(admitted) {
        attempts::end(tx, attempt, &end)?;
    }
    for event in &changes.events {
        record::append(tx, event)?;
    }
    Ok(Applied { connection: key, revision, admitted, begun })
}

/// Whether what the changes were decided on still holds.
fn check(tx: &Tx<'_>, changes: &Changes) -> Result<()> {
    let target = match changes.target {
        Target::Existing(key, revision) => Some((key, revision)),
        Target::New { .. } => None,
    };
    let seen = [target, changes.absorb];
    for (key, revision) in seen.into_iter().flatten() {
        let sql = "SELECT revision FROM connections WHERE key = ?1";
        if values::first::<i64>(tx.db, sql, [number(key.0)])?.map(i64::unsigned_abs)
            != Some(revision.0)
        {
            return Err(Fault::Moved);
        }
    }
    let elsewhere = |key: ConnectionKey| seen.iter().flatten().all(|(known, _)| *known != key);
    let pair = pair_of(tx.db, changes)?;
    if let Some((provider, company)) = &pair
        && lookup::by_pair(tx.db, provider, company.as_ref())?.is_some_and(elsewhere)
    {
        return Err(Fault::Moved);
    }
    match &changes.admit {
        Some(admission) => check_admission(tx, admission, elsewhere),
        None => Ok(()),
    }
}

/// The pair that the target takes, if it takes one.
fn pair_of(db: &Connection, changes: &Changes) -> Result<Option<(ProviderId, Option<CompanyId>)>> {
    Ok(match (&changes.target, &changes.company) {
        (Target::New { provider, company }, named) => {
            Some((provider.clone(), named.clone().or_else(|| company.clone())))
        }
        (Target::Existing(key, _), Some(company)) => {
            let sql = "SELECT provider FROM connections WHERE key = ?1";
            let provider: Option<String> = values::first(db, sql, [number(key.0)])?;
            let provider =
                provider.map(|text| values::id(text, ProviderId::new, "a provider")).transpose()?;
            provider.map(|provider| (provider, Some(company.clone())))
        }
        (Target::Existing(..), None) => None,
    })
}

/// Whether a token still belongs where it is put: what its `connection_id` names, or else its pair, is
/// nowhere else, and neither is the token itself.
fn check_admission(
    tx: &Tx<'_>,
    admission: &Admission,
    elsewhere: impl Fn(ConnectionKey) -> bool,
) -> Result<()> {
    let Admission { secret, facts, .. } = admission;
    let place = match lookup::named(tx.db, &facts.connection_id, None)? {
        None => lookup::by_pair(tx.db, &facts.provider_id, facts.company_id.as_ref())?,
        named => named,
    };
    let held = lookup::held(tx.db, &tx.sealer.token(secret))?;
    if place.is_some_and(elsewhere) || held.is_some_and(|held| !held.revoked) {
        return Err(Fault::Moved);
    }
    Ok(())
}

/// The connection that changes, one revision further.
fn target(db: &Connection, target: &Target) -> Result<(ConnectionKey, Revision)> {
    match target {
        Target::Existing(key, revision) => {
            let sql = "UPDATE connections SET revision = revision + 1 WHERE key = ?1";
            db.prepare_cached(sql)?.execute([number(key.0)])?;
            Ok((*key, Revision(revision.0 + 1)))
        }
        Target::New { provider, company } => {
            let key = ConnectionKey(next(db)?);
            let sql =
                "INSERT INTO connections (key, revision, provider, company) VALUES (?1, 1, ?2, ?3)";
            let company = company.as_ref().map(CompanyId::as_str);
            db.prepare_cached(sql)?.execute(params![number(key.0), provider.as_str(), company])?;
            Ok((key, Revision(1)))
        }
    }
}

/// Tokens and history move over. The disconnects follow in [`bury`], when of two open ones at most
/// one is left.
fn absorb(db: &Connection, key: ConnectionKey, absorbed: ConnectionKey) -> Result<()> {
    for sql in [
        "UPDATE tokens SET connection = ?1 WHERE connection = ?2",
        "UPDATE retirements SET connection = ?1 WHERE connection = ?2",
    ] {
        db.prepare_cached(sql)?.execute([number(key.0), number(absorbed.0)])?;
    }
    let sql = "UPDATE connections SET company = NULL WHERE key = ?1";
    db.prepare_cached(sql)?.execute([number(absorbed.0)])?;
    Ok(())
}

fn bury(db: &Connection, key: ConnectionKey, absorbed: ConnectionKey) -> Result<()> {
    let sql = "UPDATE disconnects SET connection = ?1 WHERE connection = ?2";
    db.prepare_cached(sql)?.execute([number(key.0), number(absorbed.0)])?;
    db.prepare_cached("DELETE FROM connections WHERE key = ?1")?.execute([number(absorbed.0)])?;
    Ok(())
}
