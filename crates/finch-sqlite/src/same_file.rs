//! Whether the files that were opened are still those at their paths. SQLite itself goes on with a file
//! that was deleted or moved away, in WAL mode without a word, and what it then writes is lost.

use std::{
    fs,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, SystemTime},
};

use finch_seal::access::folder_of;
use rusqlite::{Error, ffi};

use crate::files::beside;

/// How long a change of the folder is over before a later one is sure to have another time: file systems
/// count in steps of some milliseconds.
const SETTLED: Duration = Duration::from_secs(2);

/// The database that was opened, its log, and the index of the log, through which processes see what the
/// others have written.
#[derive(Clone, Debug)]
pub(crate) struct SameFile {
    files: Arc<[(PathBuf, Option<FileId>); 3]>,
    folder: PathBuf,
    /// The folder as it was when the files were last found in it. A file that is moved, replaced or
    /// deleted changes it, so that a lookup costs one system call and not three.
    unchanged: Arc<Mutex<Option<Stamp>>>,
}

/// Device and inode.
type FileId = (u64, u64);

/// Of a folder: which it is, and when it was last changed (seconds, nanoseconds).
type Stamp = (FileId, i64, i64);

impl SameFile {
    /// The files at this path now. A connection has read from them, and keeps them.
    pub(crate) fn at(path: &Path) -> Self {
        let found = |suffix| {
            let path = beside(path, suffix);
            let id = id(&path);
            (path, id)
        };
        let files = Arc::new(["", "-wal", "-shm"].map(found));
        Self { files, folder: folder_of(path).to_owned(), unchanged: Arc::default() }
    }

    pub(crate) fn path(&self) -> &Path {
        &self.files[0].0
    }

    /// An error, as SQLite would name it, where another file is there now, or none.
    pub(crate) fn check(&self) -> Result<(), Error> {
        let folder = stamp(&self.folder);
        if folder.is_some() && *self.unchanged() == folder {
            return Ok(());
        }
        if let Some((path, _)) = self.files.iter().find(|(path, opened)| id(path) != *opened) {
            return Err(moved(path));
        }
        *self.unchanged() = folder.filter(|folder| is_settled(folder, SystemTime::now()));
        Ok(())
    }

    fn unchanged(&self) -> MutexGuard<'_, Option<Stamp>> {
        self.unchanged.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn is_settled(&(_, seconds, _): &Stamp, now: SystemTime) -> bool {
    let changed = u64::try_from(seconds).ok().map(Duration::from_secs);
    let changed = changed.and_then(|since| SystemTime::UNIX_EPOCH.checked_add(since));
    changed.and_then(|at| now.duration_since(at).ok()).is_some_and(|age| age > SETTLED)
}

fn id(path: &Path) -> Option<FileId> {
    fs::metadata(path).ok().map(|found| (found.dev(), found.ino()))
}

fn stamp(folder: &Path) -> Option<Stamp> {
    let found = fs::metadata(folder).ok()?;
    Some(((found.dev(), found.ino()), found.ctime(), found.ctime_nsec()))
}

fn moved(path: &Path) -> Error {
    let what = format!(
        "{path:?} was moved or deleted while it was open, and nothing is written or handed out since: put \
         it back, or restore a backup, and open the store again"
    );
    let moved = ffi::Error::new(ffi::SQLITE_READONLY_DBMOVED);
    Error::SqliteFailure(moved, Some(what))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_folder_that_has_not_changed_for_long_is_checked_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s.db");
        for suffix in ["", "-wal", "-shm"] {
            fs::write(beside(&path, suffix), "").unwrap();
        }
        let file = SameFile::at(&path);
        file.check().unwrap();
        // Changed just now: the next change could have the same time.
        assert!(file.unchanged().is_none());
        let now = stamp(folder.path()).unwrap();
        let changed = SystemTime::UNIX_EPOCH + Duration::from_secs(now.1.cast_unsigned());
        assert!(!is_settled(&now, changed + SETTLED / 2));
        assert!(!is_settled(&now, changed - SETTLED), "a clock that was set back");
        assert!(is_settled(&now, changed + 2 * SETTLED));
        // A change is noticed however long the folder had none.
        for suffix in ["", "-wal", "-shm"] {
            *file.unchanged() = Some((id(folder.path()).unwrap(), 1, 1));
            fs::rename(beside(&path, suffix), folder.path().join("away")).unwrap();
            file.check().unwrap_err();
            fs::rename(folder.path().join("away"), beside(&path, suffix)).unwrap();
            file.check().unwrap();
        }
    }

    #[test]
    fn another_folder_with_files_of_the_same_names_is_noticed() {
        let parent = tempfile::tempdir().unwrap();
        let (folder, away) = (parent.path().join("folder"), parent.path().join("away"));
        let path = folder.join("s.db");
        let make = || {
            fs::create_dir(&folder).unwrap();
            for suffix in ["", "-wal", "-shm"] {
                fs::write(beside(&path, suffix), "").unwrap();
            }
        };
        make();
        let file = SameFile::at(&path);
        let (opened, ..) = stamp(&folder).unwrap();
        fs::rename(&folder, &away).unwrap();
        make();
        // Although it was last changed at the very same time.
        let (_, seconds, nanoseconds) = stamp(&folder).unwrap();
        *file.unchanged() = Some((opened, seconds, nanoseconds));
        file.check().unwrap_err();
        fs::remove_dir_all(&folder).unwrap();
        fs::rename(&away, &folder).unwrap();
        file.check().unwrap();
    }
}
