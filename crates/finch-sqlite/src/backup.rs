//! A copy of the store as it is at one moment, made while it is in use.

use std::path::Path;

use finch_core::{Actionable, Advice, StoreError};
use rusqlite::backup::{Backup, StepResult};
use thiserror::Error;

use crate::{
    database,
    error::{Fault, Result},
    files::{atomic_file::AtomicFile, same_file::SameFile},
    open_error::OpenStoreError,
    store::SqliteTokenStore,
    values::count,
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
