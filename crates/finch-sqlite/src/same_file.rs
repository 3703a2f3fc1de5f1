//! Whether the file that was opened is still the one at its path. SQLite itself goes on with a file that
//! was deleted or moved away, in WAL mode without a word, and what it then writes nobody finds again.

use std::{
    fs,
    path::{Path, PathBuf},
};

use rusqlite::{Error, ffi};

/// The file that was opened.
#[derive(Clone, Debug)]
pub(crate) struct SameFile {
    path: PathBuf,
    id: Option<(u64, u64)>,
}

impl SameFile {
    /// The one that is at this path now.
    pub(crate) fn at(path: &Path) -> Self {
        Self { path: path.into(), id: id(path) }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// An error, as SQLite would name it, where another file is there now, or none.
    pub(crate) fn check(&self) -> Result<(), Error> {
        if id(&self.path) == self.id {
            return Ok(());
        }
        let moved = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
        let what = "its file was moved or deleted while it was open: put it back, or restore a backup, and \
                    open it again";
        Err(Error::SqliteFailure(moved, Some(what.to_owned())))
    }
}

#[cfg(unix)]
fn id(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn id(path: &Path) -> Option<(u64, u64)> {
    fs::metadata(path).ok().map(|_| (0, 0))
}
