//! A store out of a backup. What has happened at Finch since nobody knows: what was in use is in doubt.

use std::{
    fs::File,
    io::{Read as _, Write as _},
    path::Path,
    sync::Arc,
    time::SystemTime,
};

use finch_core::{Actor, Event, Happening, Timestamp, TokenState};
use rusqlite::{Connection, Transaction, TransactionBehavior, params};
use thiserror::Error;

use crate::{
    OpenStoreError, PlaceError, SqliteOptions,
    backup::check,
    error::{Fault, Kind, Result, kind},
    files::{self, Place, beside},
    keys,
    open::{self, Refusal},
    record,
    sealer::Sealer,
    settings,
    unnamed::Unnamed,
    values::{self, time},
    writer::Tx,
};

/// What was restored, and what is to be done about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// The last thing that the backup knows of: when it happened. What came after is lost.
    pub taken: Timestamp,
    /// Connections, those that have ended too.
    pub connections: u64,
    /// Tokens that were in use. They are in doubt until Finch was asked: the reconciler does.
    pub in_doubt: u64,
    /// Disconnects that were open. The reconciler goes on with them.
    pub open_disconnects: u64,
    /// Exchanges whose token may exist without anybody having it.
    pub unfinished_exchanges: u64,
    /// The epoch of the data key that seals from now on: nobody knows how often the one before it has. A
    /// rotation of the keys destroys that one.
    pub epoch: u32,
}

/// Why nothing was restored. The backup is as it was, and there is no store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store cannot be put there. If there is one, move it away first, with its journals: it may hold
    /// tokens that the backup does not.
    #[error(transparent)]
    Place(#[from] PlaceError),
    /// The backup cannot be used.
    #[error("the backup cannot be used")]
    Backup(#[source] OpenStoreError),
}

/// Makes a store at the path of `options` out of `backup`, which stays as it is: a file that
/// [`SqliteTokenStore::backup`](crate::SqliteTokenStore::backup) has made, or a snapshot of a store that
/// nobody was using, with its journals beside it. The store has its name only once it is whole.
///
/// Tokens that were in use become `Unverified`; other states stay. `progress` hears how many bytes are
/// copied, out of how many. It blocks.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    backup: &Path,
    options: &SqliteOptions,
    by: Actor,
    now: Timestamp,
    progress: impl FnMut(u64, u64),
) -> Result<Restored, RestoreError> {
    let (store, restored) = prepare(backup, options, by, now, progress)?;
    store.name()?;
    Ok(restored)
}

/// Everything but the name.
fn prepare(
    backup: &Path,
    options: &SqliteOptions,
    by: Actor,
    now: Timestamp,
    progress: impl FnMut(u64, u64),
) -> Result<(Unnamed, Restored), RestoreError> {
    let found = files::find(backup).map_err(RestoreError::Backup)?;
    let store = Unnamed::at(&options.path)?;
    let failed = |error| PlaceError::system(&options.path, error);
    copy(&found, &store, progress).map_err(failed)?;
    let modified = store_time(&found.path);
    let copied = Place { path: store.path.clone(), ..found };
    let refused = |error| match error {
        OpenStoreError::Full { .. } => full(options),
        error => RestoreError::Backup(error),
    };
    let (db, ring) = open::open_copy(&copied, &found.path, options).map_err(refused)?;
    let sealer = Sealer::new(ring, Arc::clone(&options.keys), options.application.clone());
    let restored =
        put_in_doubt(db, &sealer, options, by, now, modified).map_err(|fault| match fault {
            Fault::Sqlite(error) if kind(&error) == Kind::Full => full(options),
            fault => RestoreError::Backup(Refusal::from(fault).into_error(&found.path)),
        })?;
    Ok((store, restored))
}

fn full(options: &SqliteOptions) -> RestoreError {
    RestoreError::Place(PlaceError::Full { path: options.path.clone() })
}

/// Copies the backup, and the journals that belong to it: only looked at from here, it stays as it is.
fn copy(
    backup: &Place,
    store: &Unnamed,
    mut progress: impl FnMut(u64, u64),
) -> std::io::Result<()> {
    let mut chunk = vec![0; 1 << 20];
    let (mut done, mut to) = (0, &store.file);
    let mut from = File::open(&backup.path)?;
    loop {
        let read = from.read(&mut chunk)?;
        if read == 0 {
            break;
        }
        to.write_all(&chunk[..read])?;
        done += read as u64;
        progress(done, backup.len.max(done));
    }
    for suffix in ["-wal", "-journal"] {
        let journal = beside(&backup.path, suffix);
        if std::fs::metadata(&journal).is_ok_and(|found| found.len() > 0) {
            std::fs::copy(&journal, beside(&store.path, suffix))?;
        }
    }
    Ok(())
}

/// When a file was last written.
fn store_time(path: &Path) -> Option<SystemTime> {
    std::fs::metadata(path).and_then(|found| found.modified()).ok()
}

fn put_in_doubt(
    db: Connection,
    sealer: &Sealer,
    options: &SqliteOptions,
    by: Actor,
    now: Timestamp,
    modified: Option<SystemTime>,
) -> Result<Restored> {
    check(&db, "integrity_check")?;
    let next = sealer.ring().next_epoch(&*options.keys).map_err(Fault::Seal)?;
    let transaction = Transaction::new_unchecked(&db, TransactionBehavior::Immediate)?;
    let tx = Tx::new(&transaction, sealer);
    let newest = "SELECT at FROM events ORDER BY id DESC LIMIT 1";
    let written = modified.and_then(|at| Timestamp::try_from(at).ok()).unwrap_or(now);
    let taken = values::first(tx.db, newest, [])?.map_or(written, time);
    let in_doubt = doubt(tx.db)?;
    // Nobody works on it, whatever it says.
    tx.db.execute_batch(
        "UPDATE connections SET lease_owner = NULL, lease_until = NULL WHERE lease_owner IS NOT NULL;
         DELETE FROM pace;
         UPDATE keys SET resealed = NULL;",
    )?;
    keys::insert(tx.db, &next)?;
    tx.db.execute("UPDATE keys SET resealed = -1 WHERE epoch = ?1", [next.epoch])?;
    let tokens = usize::try_from(in_doubt).unwrap_or(usize::MAX);
    for what in
        [Happening::Restored { in_doubt: tokens }, Happening::RotationBegan { epoch: next.epoch }]
    {
        let (connection_id, customer, by) = (None, None, by.clone());
        record::append(&tx, &Event { at: now, by, connection_id, customer, what })?;
    }
    let count = |of: &str| values::count(tx.db, &format!("SELECT count(*) FROM {of}"), []);
    let restored = Restored {
        taken,
        connections: count("connections")?,
        in_doubt,
        open_disconnects: count("disconnects WHERE state = 'open'")?,
        unfinished_exchanges: count("attempts WHERE outcome IN ('running', 'unknown')")?,
        epoch: next.epoch,
    };
    transaction.commit()?;
    settings::one_file(&db)?;
    db.close().map_err(|(_, error)| error)?;
    Ok(restored)
}

/// Gives each token the state that it has after a restore, and its connection work at once.
fn doubt(db: &Connection) -> Result<u64> {
    let (before, after) = (TokenState::Active, TokenState::Active.after_restore());
    let sql = "UPDATE connections SET due = 0, revision = revision + 1 \
        WHERE key IN (SELECT connection FROM tokens WHERE state = ?1)";
    db.execute(sql, [before.name()])?;
    let sql = "UPDATE tokens SET state = ?2, progress = json_remove(progress, '$.next_try') \
        WHERE state = ?1";
    Ok(db.execute(sql, params![before.name(), after.name()])? as u64)
}

#[cfg(test)]
mod tests;
