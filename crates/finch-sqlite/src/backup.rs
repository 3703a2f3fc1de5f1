//! A copy of the store as it is at one moment, made while it is in use; and a store out of such a copy.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use finch_core::Timestamp;
use rusqlite::backup::{Backup, StepResult};

use crate::{
    atomic_file::AtomicFile,
    coordination,
    database::{self, PATIENCE},
    error::{Result, StoreFileError, StoreProblem},
    events,
    files::{self, Place, beside},
    open::{self, SqliteOptions},
    rows::{count, one},
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

impl SqliteTokenStore {
    /// Writes the store, as it is at one moment, into a new file. Other processes may go on using the store
    /// meanwhile. `progress` gets how many pages are copied, out of how many. The file has its name only
    /// once it is whole, and on disk.
    ///
    /// What is written meanwhile stays in the journal until the copy is done, wiped secrets too, still
    /// sealed.
    ///
    /// # Errors
    /// [`StoreFileError`]: nothing is at `to` that was not there before.
    pub async fn backup(
        &self,
        to: &Path,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<BackedUp, StoreFileError> {
        let (from, place) = (self.readers.file().clone(), to.to_owned());
        let written = database::blocking(move || write(&from, &place, progress)).await;
        written.map_err(|stopped| stopped.at(to))?
    }
}

fn write(
    from: &SameFile,
    to: &Path,
    progress: impl FnMut(u64, u64),
) -> Result<BackedUp, StoreFileError> {
    let file = AtomicFile::at(to)?;
    let backed_up =
        copy(from, &file.path, progress).map_err(|fault| fault.between(from.path(), to))?;
    let bytes = file.file.metadata().map_err(|error| StoreFileError::io(to, error))?.len();
    file.name()?;
    Ok(BackedUp { bytes, ..backed_up })
}

fn copy(from: &SameFile, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<BackedUp> {
    from.check()?;
    let source = database::connect_reader(from.path(), PATIENCE)?;
    // One moment for all pages: without it each write of other connections would begin the copy again. In
    // write-ahead logging a reader keeps no connection from writing.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT seq FROM store", [], |_| Ok(()))?;
    from.check()?;
    let mut copy = database::connect_writer(to, PATIENCE, false)?;
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
    database::journal(&copy, "DELETE")?;
    database::check(&copy, "quick_check")?;
    let [connections, tokens] = [count(&copy, "connections")?, count(&copy, "tokens")?];
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
    /// When the last thing happened that the backup knows of. What came after is lost.
    pub taken: Option<Timestamp>,
    /// Connections, those that have ended too.
    pub connections: u64,
    /// Disconnects that were open. The reconciler goes on with them.
    pub open_disconnects: u64,
    /// Exchanges whose token may exist at Finch and nowhere else.
    pub unfinished_exchanges: u64,
}

/// Copies `backup` for a store at the path of `options`: a file that
/// [`SqliteTokenStore::backup`] has made, or a snapshot of a store that no process was using, with its
/// journals beside it. The backup stays as it is. Leases and turns are forgotten.
///
/// `progress` gets how many bytes are copied, out of how many. It blocks.
///
/// # Errors
/// [`StoreFileError`], about the backup or about the new store. The backup is as it was, and there is no store.
pub fn restore(
    backup: &Path,
    options: &SqliteOptions,
    progress: impl FnMut(u64, u64),
) -> Result<Restoring, StoreFileError> {
    let found = files::find(backup).map_err(|error| match error.problem {
        StoreProblem::Missing => StoreProblem::NoBackup.at(error.path),
        _ => error,
    })?;
    let file = AtomicFile::at(&options.path)?;
    copy_files(&found, &file, progress)
        .map_err(|error| StoreFileError::io(&options.path, error))?;
    let copied = Place { path: file.path.clone(), ..found };
    let restored =
        prepare(&copied, options).map_err(|fault| fault.between(&found.path, &options.path))?;
    Ok(Restoring { file, options: options.clone(), restored })
}

impl Restoring {
    /// Opens the store, before it has its name: what was in use is put in doubt through it. Drop it before
    /// [`finish`](Self::finish).
    ///
    /// # Errors
    /// [`StoreFileError`].
    pub fn store(&self) -> Result<SqliteTokenStore, StoreFileError> {
        let path = self.file.path.clone();
        SqliteTokenStore::open(SqliteOptions { path, create: false, ..self.options.clone() })
    }

    /// Gives the store its name. From the return on it is there, whatever happens.
    ///
    /// # Errors
    /// [`StoreFileError`]: nothing has the store's name. It may still be in use where it was made.
    pub fn finish(self) -> Result<Restored, StoreFileError> {
        let Self { file, options, restored } = self;
        let one_file = || -> Result<()> {
            let db = database::connect_writer(&file.path, options.busy_timeout, false)?;
            database::journal(&db, "DELETE")?;
            Ok(database::close(db)?)
        };
        one_file().map_err(|fault| fault.at(&options.path))?;
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

/// Checks the copy, and makes it a store on which no process works.
fn prepare(copy: &Place, options: &SqliteOptions) -> Result<Restored> {
    let (db, _) = open::open_at(copy, options)?;
    database::check(&db, "integrity_check")?;
    coordination::reset(&db)?;
    let newest = "SELECT * FROM events ORDER BY number DESC, place DESC LIMIT 1";
    let restored = Restored {
        taken: one(&db, newest, [], events::recorded)?.map(|newest| newest.event.at),
        connections: count(&db, "connections")?,
        open_disconnects: count(&db, "disconnects WHERE is_open = 1")?,
        unfinished_exchanges: count(&db, "attempts WHERE unsettled = 1")?,
    };
    database::close(db)?;
    Ok(restored)
}
