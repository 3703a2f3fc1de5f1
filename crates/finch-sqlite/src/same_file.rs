//! Whether the files that were opened are still those at their paths. SQLite itself goes on with a file
//! that was deleted or moved away, in WAL mode without a word, and what it then writes is lost.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
};

use rusqlite::{Error, ffi};

use crate::files::beside;

/// The database that was opened, its log, and the index of the log, through which processes see what the
/// others have written.
#[derive(Clone, Debug)]
pub(crate) struct SameFile {
    files: [(PathBuf, Option<(u64, u64)>); 3],
}

impl SameFile {
    /// The files at this path now. A connection has read from them, and keeps them.
    pub(crate) fn at(path: &Path) -> Self {
        let found = |suffix| {
            let path = beside(path, suffix);
            let id = id(&path);
            (path, id)
        };
        Self { files: ["", "-wal", "-shm"].map(found) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.files[0].0
    }

    /// An error, as SQLite would name it, where another file is there now, or none.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let Some((path, _)) = self.files.iter().find(|(path, opened)| id(path) != *opened) else {
            return Ok(());
        };
        let what = format!(
            "{path:?} was moved or deleted while it was open, and nothing is written or handed out since: \
             put it back, or restore a backup, and open the store again"
        );
        let moved = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
        Err(Error::SqliteFailure(moved, Some(what)))
    }
}

fn id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}
