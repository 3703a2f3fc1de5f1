//! A commit, written whole: first whether what was decided on still holds and stays unique, then its rows
//! in their order.

use finch_core::{Commit, Hash, Keyring, RecordHead, Selector, Seq};
use rusqlite::{Connection, ffi, params};

use crate::{
    attempts, connections,
    error::{Fault, Result},
    events,
    rows::{execute, first, one},
    secrets,
    writer::Batch,
};

pub(crate) fn commit(db: &Batch<'_>, commit: Commit) -> Result<Seq> {
    check(db, &commit)?;
    let number = db.next();
    match write(db, &commit.numbered(number), number) {
        Ok(()) => Ok(number),
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
        let named = connections::selected(by_id, None).keys(db)?;
        if named.iter().any(|key| commit.seen.iter().all(|(seen, _)| seen != key)) {
            return Err(Fault::Moved);
        }
    }
    let sealed = commit.secrets.iter().filter_map(|secret| secret.sealed.as_ref());
    if let Some(oldest) = sealed.map(|sealed| sealed.epoch).min()
        && first(db, "SELECT oldest_epoch FROM store", [])? > Some(oldest)
    {
        return Err(Fault::OldEpoch);
    }
    Ok(())
}

fn write(db: &Connection, commit: &Commit, number: Seq) -> Result<()> {
    let key = commit.connection.as_ref().map(|row| row.key);
    if let Some(row) = &commit.connection {
        connections::write(db, row)?;
        for token in &commit.tokens {
            connections::write_part(db, "tokens", row.key, token.id.0, token)?;
        }
        for disconnect in &commit.disconnects {
            connections::write_part(db, "disconnects", row.key, disconnect.id.0, disconnect)?;
        }
        for retirement in &commit.retirements {
            connections::write_part(db, "retirements", row.key, retirement.seq, retirement)?;
        }
    }
    if let Some(absorbed) = commit.absorbs {
        execute(db, "DELETE FROM connections WHERE key = ?1", [absorbed.0.0])?;
    }
    if let Some((attempt, end)) = &commit.attempt {
        attempts::end(db, *attempt, end)?;
    }
    if let Some(keyring) = &commit.keyring {
        replace(db, keyring)?;
    }
    for event in commit.recorded(number) {
        events::append(db, key, event)?;
    }
    for secret in &commit.secrets {
        secrets::write(db, secret)?;
    }
    Ok(())
}

fn is_not_unique(error: &rusqlite::Error) -> bool {
    error.sqlite_error().is_some_and(|e| e.extended_code == ffi::SQLITE_CONSTRAINT_UNIQUE)
}

pub(crate) fn keyring(db: &Connection) -> Result<Option<Keyring>> {
    let sql = "SELECT keyring_version, keyring, oldest_epoch, record_events, record_hash FROM store \
        WHERE keyring_version > 0";
    one(db, sql, [], |row| {
        Ok(Keyring {
            version: row.get(0)?,
            document: row.get(1)?,
            oldest: row.get(2)?,
            record: RecordHead { events: row.get(3)?, hash: Hash(row.get(4)?) },
        })
    })
}

fn replace(db: &Connection, keyring: &Keyring) -> Result<()> {
    let known = self::keyring(db)?.map_or(0, |known| known.version);
    if known + 1 != keyring.version {
        return Err(Fault::Moved);
    }
    let in_use = "SELECT EXISTS (SELECT 1 FROM connections) OR EXISTS (SELECT 1 FROM attempts)";
    if known == 0 && first(db, in_use, [])? == Some(true) {
        return Err(Fault::Broken("it holds rows and no key ring".to_owned()));
    }
    if first::<i64>(db, secrets::OLDER, [keyring.oldest.to_be_bytes()])?.is_some() {
        return Err(Fault::OldEpoch);
    }
    let sql = "UPDATE store SET keyring_version = ?1, keyring = ?2, oldest_epoch = ?3, \
        record_events = ?4, record_hash = ?5";
    let Keyring { version, document, oldest, record } = keyring;
    let row = params![version, document, oldest, record.events, record.hash.0];
    execute(db, sql, row)
}
