//! A commit, written whole: first whether what was decided on still holds and stays unique, then its rows
//! in their order.

use finch_core::{Commit, Seq};
use rusqlite::ffi;

use super::{attempts, connections, disconnects, events, keyring, lookup, secrets, tokens};
use crate::{
    database::Tx,
    error::{Fault, Result},
    values,
};

pub(crate) fn commit(tx: &Tx<'_>, commit: Commit) -> Result<Seq> {
    check(tx, &commit)?;
    let taken = values::next(tx.db)?;
    match write(tx, &commit.numbered(taken)) {
        Ok(()) => Ok(taken),
        // Another decision was faster: the constraints of the schema hold what is unique.
        Err(Fault::Sqlite(error)) if is_not_unique(&error) => Err(Fault::Moved),
        Err(fault) => Err(fault),
    }
}

/// Whether each connection is still as it was seen, no `connection_id` is another one's, and every secret is
/// sealed with a data key in use.
fn check(tx: &Tx<'_>, commit: &Commit) -> Result<()> {
    for (key, revision) in &commit.seen {
        if connections::revision(tx.db, *key)? != Some(*revision) {
            return Err(Fault::Moved);
        }
    }
    for token in &commit.tokens {
        let named = lookup::named(tx.db, &token.facts.connection_id, None)?;
        if named.is_some_and(|key| commit.seen.iter().all(|(seen, _)| *seen != key)) {
            return Err(Fault::Moved);
        }
    }
    let oldest = keyring::oldest_epoch(tx.db)?;
    let mut sealed = commit.secrets.iter().filter_map(|secret| secret.sealed.as_ref());
    if sealed.any(|sealed| sealed.epoch < oldest) { Err(Fault::OldEpoch) } else { Ok(()) }
}

fn write(tx: &Tx<'_>, commit: &Commit) -> Result<()> {
    let key = commit.connection.key;
    connections::write(tx.db, &commit.connection)?;
    for token in &commit.tokens {
        tokens::write(tx.db, key, token)?;
    }
    for disconnect in &commit.disconnects {
        disconnects::write(tx.db, key, disconnect)?;
    }
    for retirement in &commit.retirements {
        disconnects::write_retirement(tx.db, key, retirement)?;
    }
    if let Some(absorbed) = commit.absorbs {
        connections::remove(tx.db, absorbed)?;
    }
    if let Some((attempt, end)) = &commit.attempt {
        attempts::end(tx.db, *attempt, end)?;
    }
    for event in &commit.events {
        events::append(tx.db, Some(key), event)?;
    }
    for secret in &commit.secrets {
        secrets::write(tx, secret)?;
    }
    Ok(())
}

fn is_not_unique(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}
