//! A store out of a backup. It has the store's name only once the caller has put in doubt what was in use.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use finch_core::{Actionable, Advice, ErrorKind, Timestamp};
use rusqlite::Connection;
use thiserror::Error;

use crate::{
    database,
    error::Result,
    files::{self, Place, atomic_file::AtomicFile, beside},
    open,
    open_error::{OpenStoreError, Refusal},
    options::SqliteOptions,
    rows::coordination,
    store::SqliteTokenStore,
    values::{self, count, time},
};

/// So many bytes are copied between two reports of progress.
const CHUNK: u64 = 1 << 20;

/// A store that is being restored. Dropped, it is gone, and nothing has the store's name.
#[derive(Debug)]
#[must_use = "a store that is not finished is removed"]
pub struct Restoring {
    file: AtomicFile,
    options: SqliteOptions,
    restored: Restored,
}

/// What was restored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Restored {
    /// The last thing that the backup knows of: when it happened. What came after is lost.
    pub taken: Timestamp,
    /// Connections, those that have ended too.
    pub connections: u64,
    /// Disconnects that were open. The reconciler goes on with them.
    pub open_disconnects: u64,
    /// Exchanges whose token may exist at Finch and nowhere else.
    pub unfinished_exchanges: u64,
}

/// Why nothing was restored. The backup is as it was, and there is no store.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RestoreError {
    /// The store cannot be put there, or may still be in use where it was made. If another is there, move it
    /// away first, with its journals: it may hold tokens that the backup does not.
    #[error(transparent)]
    Place(#[from] OpenStoreError),
    /// The backup cannot be used.
    #[error("the backup cannot be used")]
    Backup(#[source] OpenStoreError),
}

impl Actionable for RestoreError {
    fn advice(&self) -> Advice {
        match self {
            Self::Backup(OpenStoreError::Missing { .. }) => {
                Advice::new(ErrorKind::Store, "backup_missing", "check the path of the backup")
            }
            Self::Backup(
                error @ (OpenStoreError::Corrupt { .. } | OpenStoreError::NotAStore { .. }),
            ) => {
                let step =
                    "take another backup; this one was not changed, and nothing was restored";
                Advice { next_step: step.into(), ..error.advice() }
            }
            Self::Backup(error) | Self::Place(error) => error.advice(),
        }
    }
}

/// Copies `backup` for a store at the path of `options`: a file that
/// [`SqliteTokenStore::backup`] has made, or a snapshot of a store that no process was using, with its
/// journals beside it. The backup stays as it is. Leases and turns are forgotten.
///
/// `progress` gets how many bytes are copied, out of how many. It blocks.
///
/// # Errors
/// [`RestoreError`].
pub fn restore(
    backup: &Path,
    options: &SqliteOptions,
    progress: impl FnMut(u64, u64),
) -> Result<Restoring, RestoreError> {
    let found = files::find(backup).map_err(RestoreError::Backup)?;
    let file = AtomicFile::at(&options.path)?;
    copy(&found, &file, progress).map_err(|error| OpenStoreError::system(&options.path, error))?;
    let copied = Place { path: file.path.clone(), ..found };
    let restored =
        prepare(&copied, options, written_at(&found.path)).map_err(|refusal| match refusal {
            Refusal::Fault(fault) if fault.is_full() => {
                OpenStoreError::Full { path: options.path.clone() }.into()
            }
            refusal => RestoreError::Backup(refusal.into_error(&found.path)),
        })?;
    Ok(Restoring { file, options: options.clone(), restored })
}

impl Restoring {
    /// Opens the store, before it has its name: what was in use is put in doubt through it. Drop it before
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`OpenStoreError`].
    pub fn store(&self) -> Result<SqliteTokenStore, OpenStoreError> {
        let path = self.file.path.clone();
        SqliteTokenStore::open(SqliteOptions { path, create: false, ..self.options.clone() })
    }

    /// Gives the store its name. From the return on it is there, whatever happens.
    ///
    /// # Errors
    /// [`RestoreError`]: nothing has the store's name.
    pub fn finish(self) -> Result<Restored, RestoreError> {
        let Self { file, options, restored } = self;
        let one_file = || {
            let db = database::connect_writer(&file.path, options.busy_timeout, false)?;
            database::one_file(&db)?;
            database::close(db)
        };
        one_file().map_err(|error| Refusal::from(error).into_error(&options.path))?;
        file.name()?;
        Ok(restored)
    }
}

/// Copies the backup, and the journals that belong to it: it stays as it is.
fn copy(backup: &Place, to: &AtomicFile, mut progress: impl FnMut(u64, u64)) -> io::Result<()> {
    let from = File::open(&backup.path)?;
    let mut done = 0;
    loop {
        match io::copy(&mut (&from).take(CHUNK), &mut &to.file)? {
            0 => break,
            copied => done += copied,
        }
        progress(done, backup.len.max(done));
    }
    for suffix in ["-wal", "-journal"] {
        let journal = beside(&backup.path, suffix);
        if fs::metadata(&journal).is_ok_and(|found| found.len() > 0) {
            fs::copy(&journal, beside(&to.path, suffix))?;
        }
    }
    Ok(())
}

/// When a file was last written.
fn written_at(path: &Path) -> Option<Timestamp> {
    let modified = fs::metadata(path).and_then(|found| found.modified()).ok()?;
    Timestamp::try_from(modified).ok()
}

/// Checks the copy, and makes it a store on which no process works.
fn prepare(
    copy: &Place,
    options: &SqliteOptions,
    written_at: Option<Timestamp>,
) -> Result<Restored, Refusal> {
    let db = open::open_at(copy, options)?.db;
    database::check(&db, "integrity_check")?;
    coordination::forget_all(&db)?;
    let restored = restored(&db, written_at)?;
    database::close(db)?;
    Ok(restored)
}

fn restored(db: &Connection, written_at: Option<Timestamp>) -> Result<Restored> {
    let newest =
        values::first(db, "SELECT at FROM events ORDER BY number DESC, place DESC LIMIT 1", [])?;
    let count = |of: &str| count(db, &format!("SELECT count(*) FROM {of}"));
    Ok(Restored {
        taken: newest.map(time).or(written_at).unwrap_or_default(),
        connections: count("connections")?,
        open_disconnects: count("disconnects WHERE state = 'open'")?,
        unfinished_exchanges: count("attempts WHERE outcome IN ('running', 'unknown')")?,
    })
}
