//! A commit, written whole: first whether what was decided on still holds and stays unique, then its rows
//! in their order.

use finch_core::{
    Agenda, Commit, CompanyId, ConnectionKey, ConnectionRow, Retirement, Revision, Seq, Token,
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

pub(crate) fn commit(tx: &Tx<'_>, commit: Commit) -> Result<Seq> {
    check(tx, &commit)?;
    let taken = next(tx.db)?;
    let (is_new, admits) = (commit.connection.key.0 == Seq::OF_COMMIT, commit.admitted().is_some());
    let Commit {
        connection,
        tokens,
        disconnects,
        retirements,
        absorbs,
        attempt,
        events,
        secret,
        ..
    } = commit.numbered(taken);
    write_connection(tx.db, &connection, is_new)?;
    for token in &tokens {
        match secret.as_ref().filter(|_| admits && token.id.0 == taken) {
            Some(secret) => tokens::insert(tx, connection.key, token, secret)?,
            None => tokens::update(tx, connection.key, token)?,
        }
    }
    for disconnect in &disconnects {
        disconnects::write(tx.db, connection.key, disconnect)?;
    }
    for retirement in &retirements {
        retire(tx.db, connection.key, retirement)?;
    }
    if let Some(absorbed) = absorbs {
        let sql = "DELETE FROM connections WHERE key = ?1";
        tx.db.prepare_cached(sql)?.execute([number(absorbed.0)])?;
    }
    if let Some((attempt, end)) = attempt {
        attempts::end(tx, attempt, &end)?;
    }
    for event in &events {
        record::append(tx, event)?;
    }
    Ok(taken)
}

/// Whether what was decided on still holds, and what is unique stays so.
fn check(tx: &Tx<'_>, commit: &Commit) -> Result<()> {
    for (key, revision) in &commit.seen {
        let sql = "SELECT revision FROM connections WHERE key = ?1";
        let found = values::first::<i64>(tx.db, sql, [number(key.0)])?;
        if found.map(i64::unsigned_abs).map(Revision) != Some(*revision) {
            return Err(Fault::Moved);
        }
    }
    let elsewhere = |key: ConnectionKey| commit.seen.iter().all(|(seen, _)| *seen != key);
    let ConnectionRow { provider, company, .. } = &commit.connection;
    let pair = lookup::by_pair(tx.db, provider, company.as_ref())?;
    let (mut named, mut held) = (None, None);
    if let (Some(Token { facts, .. }), Some(secret)) = (commit.admitted(), &commit.secret) {
        named = lookup::named(tx.db, &facts.connection_id, None)?;
        held = lookup::held(tx.db, &tx.sealer.token(secret))?.filter(|held| !held.revoked);
    }
    match pair.is_some_and(elsewhere) || named.is_some_and(elsewhere) || held.is_some() {
        true => Err(Fault::Moved),
        false => Ok(()),
    }
}

fn write_connection(db: &Connection, row: &ConnectionRow, is_new: bool) -> Result<()> {
    let ConnectionRow { key, provider, company, agenda: Agenda { due, attention } } = row;
    let sql = match is_new {
        true => {
            "INSERT INTO connections (key, revision, provider, company, due, attention) \
                VALUES (?1, 1, ?2, ?3, ?4, ?5)"
        }
        false => {
            "UPDATE connections SET revision = revision + 1, provider = ?2, company = ?3, due = ?4, \
                attention = ?5 WHERE key = ?1"
        }
    };
    let company = company.as_ref().map(CompanyId::as_str);
    let due = due.map(nanoseconds);
    let row = params![number(key.0), provider.as_str(), company, due, attention];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}

fn retire(db: &Connection, connection: ConnectionKey, row: &Retirement) -> Result<()> {
    let sql = "INSERT INTO retirements (seq, connection, customer, at) VALUES (?1, ?2, ?3, ?4) \
        ON CONFLICT (seq) DO UPDATE SET connection = excluded.connection";
    let Retirement { seq, customer, at } = row;
    let row = params![number(*seq), number(connection.0), customer.as_str(), nanoseconds(*at)];
    db.prepare_cached(sql)?.execute(row)?;
    Ok(())
}
