//! A commit, written whole: first whether what was decided on still holds and stays unique, then its rows
//! in their order.

use finch_core::{Commit, ConnectionRow, Selector, Seq};
use rusqlite::{Connection, ffi};

use super::{attempts, connections, disconnects, events, keyring, lookup, secrets, tokens};
use crate::{
    error::{Fault, Result},
    values,
};

pub(crate) fn commit(db: &Connection, commit: Commit) -> Result<Seq> {
    check(db, &commit)?;
    let taken = values::next(db)?;
    match write(db, &commit.numbered(taken), taken) {
        Ok(()) => Ok(taken),
        // Another decision was faster: the constraints of the schema hold what is unique.
        Err(Fault::Sqlite(error)) if is_not_unique(&error) => Err(Fault::Moved),
        Err(fault) => Err(fault),
    }
}

/// Whether each connection is still as it was seen, no `connection_id` is another one's, and every secret is
/// sealed with a data key in use.
fn check(db: &Connection, commit: &Commit) -> Result<()> {
    for (key, revision) in &commit.seen {
        if connections::revision(db, *key)? != Some(*revision) {
            return Err(Fault::Moved);
        }
    }
    for token in &commit.tokens {
        let by_id = Selector::ConnectionId(&token.facts.connection_id);
        let named = lookup::query(by_id, None).keys(db)?;
        if named.iter().any(|key| commit.seen.iter().all(|(seen, _)| seen != key)) {
            return Err(Fault::Moved);
        }
    }
    let oldest = keyring::oldest_epoch(db)?;
    let mut sealed = commit.secrets.iter().filter_map(|secret| secret.sealed.as_ref());
    if sealed.any(|sealed| sealed.epoch < oldest) { Err(Fault::OldEpoch) } else { Ok(()) }
}

fn write(db: &Connection, commit: &Commit, number: Seq) -> Result<()> {
    if let Some(row) = &commit.connection {
        write_connection(db, row, commit)?;
    }
    if let Some((attempt, end)) = &commit.attempt {
        attempts::end(db, *attempt, end)?;
    }
    if let Some(keyring) = &commit.keyring {
        keyring::replace(db, keyring)?;
    }
    let key = commit.connection.as_ref().map(|row| row.key);
    for event in commit.recorded(number) {
        events::append(db, key, event)?;
    }
    for secret in &commit.secrets {
        secrets::write(db, secret)?;
    }
    Ok(())
}

fn write_connection(db: &Connection, row: &ConnectionRow, commit: &Commit) -> Result<()> {
    connections::write(db, row)?;
    for token in &commit.tokens {
        tokens::write(db, row.key, token)?;
    }
    for disconnect in &commit.disconnects {
        disconnects::write(db, row.key, disconnect)?;
    }
    for retirement in &commit.retirements {
        disconnects::write_retirement(db, row.key, retirement)?;
    }
    match commit.absorbs {
        Some(absorbed) => connections::remove(db, absorbed),
        None => Ok(()),
    }
}

fn is_not_unique(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
