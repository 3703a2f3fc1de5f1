//! A copy of the store as it is at one moment, made while it is in use.

use std::path::Path;

use finch_core::StoreError;
use rusqlite::{
    Connection,
    backup::{Backup, StepResult},
};
use thiserror::Error;

use crate::{
    PlaceError, SqliteTokenStore,
    error::{Fault, Kind, Result, broken, kind},
    same_file::SameFile,
    settings,
    unnamed::Unnamed,
    values::count,
};

/// So many pages are copied at a time: a MiB, between two words of progress.
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
    Place(#[from] PlaceError),
    /// The store cannot be read.
    #[error("the store cannot be backed up")]
    Store(#[from] StoreError),
}

impl SqliteTokenStore {
    /// Writes the store, as it is at one moment, into a new file: sealed as it is, under the same key. Others
    /// may go on using the store meanwhile, in any process. `progress` hears how many pages are copied, out
    /// of how many. The file has its name only once it is whole, and on disk.
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
    let unnamed = Unnamed::at(to)?;
    let backed_up = copy(from, &unnamed.path, progress).map_err(|fault| match fault {
        Fault::Sqlite(error) if kind(&error) == Kind::Full => {
            BackupError::Place(PlaceError::Full { path: to.to_owned() })
        }
        fault => BackupError::Store(fault.into()),
    })?;
    let bytes = unnamed.file.metadata().map_err(|error| PlaceError::system(to, error))?.len();
    unnamed.name()?;
    Ok(BackedUp { bytes, ..backed_up })
}

fn copy(from: &SameFile, to: &Path, mut progress: impl FnMut(u64, u64)) -> Result<BackedUp> {
    from.check()?;
    let source = settings::connect_reader(from.path(), settings::PATIENCE)?;
    // One moment for all pages: without it each write of others would begin the copy anew. In write-ahead
    // logging a reader keeps nobody from writing.
    let moment = source.unchecked_transaction()?;
    moment.query_row("SELECT seq FROM store", [], |_| Ok(()))?;
    from.check()?;
    let mut copy = settings::connect_writer(to, settings::PATIENCE, false)?;
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
    settings::one_file(&copy)?;
    check(&copy, "quick_check")?;
    let connections = count(&copy, "SELECT count(*) FROM connections", [])?;
    let tokens = count(&copy, "SELECT count(*) FROM tokens", [])?;
    // What it has prepared would keep it open.
    copy.flush_prepared_statement_cache();
    copy.close().map_err(|(_, error)| error)?;
    Ok(BackedUp { bytes: 0, connections, tokens })
}

/// Whether SQLite finds the whole file in order.
pub(crate) fn check(db: &Connection, how: &str) -> Result<()> {
    let said: String = db.query_row(&format!("PRAGMA {how}(1)"), [], |row| row.get(0))?;
    if said == "ok" { Ok(()) } else { Err(broken("its content")) }
}
