//! A copy of the store as it is at one moment, made while it is in use; and a store out of such a copy.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use finch_core::{Actionable, Advice, ErrorKind, StoreError, Timestamp};
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use thiserror::Error;

use crate::{
    atomic_file::AtomicFile,
    coordination, database,
    error::{Fault, Result},
    events,
    files::{self, Place, beside},
    open::{self, SqliteOptions},
    open_error::{OpenStoreError, Refusal},
    rows::count,
    same_file::SameFile,
    store::SqliteTokenStore,
};

/// So many pages are copied between two reports of progress: a MiB.
const PAGES: i32 = 256;

/// What a backup holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct BackedUp {
    /// How long the file is.
    pub bytes: u64,
    /// How many connections it holds, those that have ended too.
    pub connections: u64,
    /// How many tokens, those that are revoked too.
    pub tokens: u64,
}

/// Why there is no backup. The store goes on, and no file was left.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum BackupError {
    /// The backup cannot be put there.
    #[error(transparent)]
    Place(#[from] OpenStoreError),
    /// The store cannot be read.
    #[error("the store cannot be backed up")]
    Store(#[from] StoreError),
}

impl Actionable for BackupError {
    fn advice(&self) -> Advice {
        match self {
            Self::Place(error) => error.advice(),
            Self::Store(error) => error.advice(),
        }
    }
}

impl SqliteTokenStore {
    /// Writes the store, as it is at one moment, into a new file. Other processes may go on using the store
    /// meanwhile. `progress` gets how many pages are copied, out of how many. The file has its name only
    /// once it is whole, and on disk.
    ///
    /// What is written meanwhile stays in the journal until the copy is done, wiped secrets too, still
    /// sealed.
    ///
    /// # Errors
    /// [`BackupError`]: nothing is at `to` that was not there before.
    pub async fn backup(
        &self,
        to: &Path,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<BackedUp, BackupError> {
        let (from, to) = (self.readers.file().clone(), to.to_owned());
        let work = move || write(&from, &to, progress);
        match tokio::runtime::Handle::try_current() {
            Ok(runtime) => runtime
                .spawn_blocking(work)
                .await
                .map_err(|_| BackupError::Store(Fault::Stopped.into()))?,
            Err(_) => work(),
        }
    }
}

fn write(
    from: &SameFile,
    to: &Path,
    progress: impl FnMut(u64, u64),
) -> Result<BackedUp, BackupError> {
    let file = AtomicFile::at(to)?;
    let backed_up = copy(from, &file.path, progress).map_err(|fault| match fault.is_full() {
        true => BackupError::Place(OpenStoreError::Full { path: to.to_owned() }),
        false => BackupError::Store(fault.into()),
    })?;
    let bytes = file.file.metadata().map_err(|error| OpenStoreError::system(to, error))?.len();
    file.name()?;
    Ok(BackedUp { bytes, ..backed_up })
}

fn copy(from: &SameFile, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<BackedUp> {
    from.check()?;
    let source = database::connect_reader(from.path(), database::PATIENCE)?;
    // One moment for all pages: without it each write of other connections would begin the copy again. In
    // write-ahead logging a reader keeps no connection from writing.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT seq FROM store", [], |_| Ok(()))?;
    from.check()?;
    let mut copy = database::connect_writer(to, database::PATIENCE, false)?;
    // The file is synced as a whole, before it gets its name.
    copy.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF")?;
    let backup = Backup::new(&source, &mut copy)?;
    while backup.step(PAGES)? != StepResult::Done {
        let now = backup.progress();
        let [left, all] =
            [now.remaining, now.pagecount].map(|pages| u64::from(pages.unsigned_abs()));
        progress(all.saturating_sub(left), all);
    }
    drop(backup);
    drop(moment);
    database::one_file(&copy)?;
    database::check(&copy, "quick_check")?;
    let connections = count(&copy, "SELECT count(*) FROM connections")?;
    let tokens = count(&copy, "SELECT count(*) FROM tokens")?;
    database::close(copy)?;
    Ok(BackedUp { bytes: 0, connections, tokens })
}

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
    copy_files(&found, &file, progress)
        .map_err(|error| OpenStoreError::system(&options.path, error))?;
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
fn copy_files(
    backup: &Place,
    to: &AtomicFile,
    mut progress: impl FnMut(u64, u64),
) -> io::Result<()> {
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
    let newest = "SELECT * FROM events ORDER BY number DESC, place DESC LIMIT 1";
    let newest = db.prepare(newest)?.query_and_then([], events::recorded)?.next().transpose()?;
    let count = |of: &str| count(db, &format!("SELECT count(*) FROM {of}"));
    Ok(Restored {
        taken: newest.map(|newest| newest.event.at).or(written_at).unwrap_or_default(),
        connections: count("connections")?,
        open_disconnects: count("disconnects WHERE is_open = 1")?,
        unfinished_exchanges: count("attempts WHERE unsettled = 1")?,
    })
}
