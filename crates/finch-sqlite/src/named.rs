//! Which file a path names: while a store is open its file may be moved away, deleted or replaced, and
//! SQLite goes on with one that nobody finds again.

use std::{
    fs,
    path::{Path, PathBuf},
};

/// A path, and the file that it named.
#[derive(Debug)]
pub(crate) struct Named {
    pub(crate) path: PathBuf,
    file: FileId,
}

impl Named {
    pub(crate) fn now(path: &Path) -> Self {
        Self { path: path.into(), file: file_id(path) }
    }

    /// Whether the path names that file still.
    pub(crate) fn is_in_place(&self) -> bool {
        file_id(&self.path) == self.file
    }
}

/// Which file it is, whatever its name.
type FileId = Option<(u64, u64)>;

#[cfg(unix)]
fn file_id(path: &Path) -> FileId {
    use std::os::unix::fs::MetadataExt as _;
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

#[cfg(not(unix))]
fn file_id(path: &Path) -> FileId {
    fs::metadata(path).ok().map(|_| (0, 0))
}
