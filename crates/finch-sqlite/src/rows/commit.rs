//! A commit, written whole: first whether what was decided on still holds and stays unique, then its rows
//! in their order.

use finch_core::{Commit, Selector, Seq};
use rusqlite::{Connection, ffi};

use super::{attempts, connections, disconnects, events, keyring, lookup, secrets, tokens};
use crate::{
    error::{Fault, Result},
    values,
};

pub(crate) fn commit(db: &Connection, commit: Commit) -> Result<Seq> {
    check(db, &commit)?;
    let taken = values::next(db)?;
    match write(db, &commit.numbered(taken)) {
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

fn write(db: &Connection, commit: &Commit) -> Result<()> {
    let key = commit.connection.key;
    connections::write(db, &commit.connection)?;
    for token in &commit.tokens {
        tokens::write(db, key, token)?;
    }
    for disconnect in &commit.disconnects {
        disconnects::write(db, key, disconnect)?;
    }
    for retirement in &commit.retirements {
        disconnects::write_retirement(db, key, retirement)?;
    }
    if let Some(absorbed) = commit.absorbs {
        connections::remove(db, absorbed)?;
    }
    if let Some((attempt, end)) = &commit.attempt {
        attempts::end(db, *attempt, end)?;
    }
    for event in &commit.events {
        events::append(db, Some(key), event)?;
    }
    for secret in &commit.secrets {
        secrets::write(db, secret)?;
    }
    Ok(())
}

fn is_not_unique(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
