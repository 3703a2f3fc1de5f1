//! A file in the making: it gets its name only once it is whole, and never another file's.
//!
//! Until then it stands under a name of its own beside the place. A process that dies leaves that one
//! behind, and the next one clears it away: its lock is free.

use std::{
    fs::{self, File, OpenOptions, TryLockError},
    io::{self, ErrorKind},
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use finch_core::{Actionable, Advice};
use thiserror::Error;

use super::{self as files, JOURNALS, beside, check_folder, folder_of};
use crate::open_error::OpenStoreError;

/// Why no file can be put at a path. What was there is as it was.
#[derive(Debug, Error)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each error says what its fields are")]
pub enum PlaceError {
    /// Something is there already, or a journal of what was there.
    #[error("{path} exists, and nothing is overwritten")]
    Exists { path: PathBuf },
    /// Another process is making a file for the same place.
    #[error("another process is writing to {path} now")]
    InTheMaking { path: PathBuf },
    /// There is no such folder, the user has no right to it, or there is no room.
    #[error(transparent)]
    Unusable(OpenStoreError),
}

impl PlaceError {
    pub(crate) fn system(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Unusable(match source.kind() {
            ErrorKind::AlreadyExists => return Self::Exists { path },
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => OpenStoreError::Full { path },
            ErrorKind::ReadOnlyFilesystem => OpenStoreError::ReadOnly { path },
            _ => OpenStoreError::System { path, source: Box::new(source) },
        })
    }
}

impl Actionable for PlaceError {
    fn advice(&self) -> Advice {
        match self {
            Self::Exists { .. } => Advice::new(
                finch_core::ErrorKind::State,
                "file_exists",
                "give another path; or move the file away first, a store together with its -wal, -journal and \
                 -shm, and keep it: it may hold tokens that a backup does not",
            ),
            Self::InTheMaking { .. } => {
                let step = "wait until the other process has finished, then try again";
                Advice::retry(finch_core::ErrorKind::Store, "in_the_making", step)
            }
            Self::Unusable(error) => error.advice(),
        }
    }
}

impl From<PlaceError> for OpenStoreError {
    fn from(error: PlaceError) -> Self {
        match error {
            PlaceError::InTheMaking { path } => Self::Busy { path },
            PlaceError::Exists { path } => {
                let source = io::Error::from(ErrorKind::AlreadyExists);
                Self::System { path, source: Box::new(source) }
            }
            PlaceError::Unusable(why) => why,
        }
    }
}

/// The file, which is only this process's while this lives. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    /// Where it is to be.
    place: PathBuf,
    /// Where it is.
    pub(crate) path: PathBuf,
    pub(crate) file: File,
    has_its_name: bool,
}

impl AtomicFile {
    /// An empty file for `place`, where nothing is, readable by its owner only.
    pub(crate) fn at(place: &Path) -> Result<Self, PlaceError> {
        let file = Self::claim(place)?;
        // A journal that stayed behind would be taken for the new file's.
        for suffix in [""].into_iter().chain(JOURNALS) {
            let path = beside(&file.place, suffix);
            if fs::symlink_metadata(&path).is_ok() {
                return Err(PlaceError::Exists { path });
            }
        }
        Ok(file)
    }

    /// The same, whatever is at `place`.
    pub(crate) fn claim(place: &Path) -> Result<Self, PlaceError> {
        let folder = folder_of(place);
        let (Ok(real), Some(name)) = (fs::canonicalize(&folder), place.file_name()) else {
            return Err(PlaceError::Unusable(OpenStoreError::NoFolder { folder }));
        };
        files::process(&real)
            .and_then(|process| check_folder(&real, &process))
            .map_err(PlaceError::Unusable)?;
        let place = real.join(name);
        let path = beside(&place, ".part");
        match make(&path) {
            Ok(Some(file)) => Ok(Self { place, path, file, has_its_name: false }),
            Ok(None) => Err(PlaceError::InTheMaking { path: place }),
            Err(error) => Err(PlaceError::system(&place, error)),
        }
    }

    /// Gives the file its name. From the return on it is there, whatever happens.
    pub(crate) fn name(mut self) -> Result<(), PlaceError> {
        // Until the file is closed here: no other thread opens it before.
        let guard = files::opening();
        let named = self.file.sync_all().and_then(|()| rename(&self.path, &self.place));
        self.has_its_name = named.is_ok();
        let named = named
            .and_then(|()| File::open(folder_of(&self.place))?.sync_all())
            .map_err(|error| PlaceError::system(&self.place, error));
        drop(self);
        drop(guard);
        named
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if !self.has_its_name {
            clear(&self.path);
        }
    }
}

/// Takes no other file's place. Where the file system can't do that in one step, the file has both names
/// in between.
fn rename(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::{fs::CWD, fs::RenameFlags, fs::renameat_with, io::Errno};
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => {
            fs::hard_link(from, to).and_then(|()| fs::remove_file(from))
        }
        done => Ok(done?),
    }
}

/// A new file of this name, locked. None: another process holds it.
fn make(path: &Path) -> io::Result<Option<File>> {
    loop {
        let mut options = OpenOptions::new();
        options.read(true).write(true).mode(0o600);
        let (file, is_new) = match options.clone().create_new(true).open(path) {
            Ok(file) => (file, true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => match options.open(path) {
                Ok(file) => (file, false),
                Err(error) if error.kind() == ErrorKind::NotFound => continue,
                Err(error) => return Err(error),
            },
            Err(error) => return Err(error),
        };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(error)) => return Err(error),
        }
        // It may have been cleared away before it was locked.
        let here = fs::symlink_metadata(path).ok().map(|found| found.ino());
        if is_new && here == Some(file.metadata()?.ino()) {
            clear_journals(path);
            return Ok(Some(file));
        }
        if !is_new && here == Some(file.metadata()?.ino()) {
            // Of a process that died. Never written to: by another name it may be whole.
            clear(path);
        }
    }
}

fn clear(path: &Path) {
    clear_journals(path);
    // If it cannot go, it stays under its own name.
    let _ = fs::remove_file(path);
}

fn clear_journals(path: &Path) {
    for suffix in JOURNALS {
        let _ = fs::remove_file(beside(path, suffix));
    }
}

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _};

    use super::*;

    fn place() -> (tempfile::TempDir, PathBuf) {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().canonicalize().unwrap().join("a.db");
        (folder, place)
    }

    fn names(folder: &tempfile::TempDir) -> Vec<String> {
        let all = fs::read_dir(folder.path()).unwrap();
        let mut all: Vec<_> =
            all.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        all.sort();
        all
    }

    #[test]
    fn there_is_nothing_or_the_whole_file() {
        let (folder, place) = place();
        let file = AtomicFile::at(&place).unwrap();
        fs::write(&file.path, "whole").unwrap();
        assert!(!place.exists());
        drop(file);
        assert_eq!(names(&folder), [""; 0]);
        let file = AtomicFile::at(&place).unwrap();
        fs::write(&file.path, "whole").unwrap();
        file.name().unwrap();
        assert_eq!(names(&folder), ["a.db"]);
        assert_eq!(fs::read(&place).unwrap(), b"whole");
        assert_eq!(fs::metadata(&place).unwrap().permissions().mode() & 0o7777, 0o600);
    }

    #[test]
    fn nothing_is_overwritten() {
        let (_folder, place) = place();
        let file = AtomicFile::at(&place).unwrap();
        fs::write(&place, "another file").unwrap();
        assert!(matches!(file.name(), Err(PlaceError::Exists { .. })));
        assert_eq!(fs::read(&place).unwrap(), b"another file");
        fs::remove_file(&place).unwrap();
        for suffix in ["", "-wal", "-shm", "-journal"] {
            fs::write(beside(&place, suffix), "").unwrap();
            let refused = AtomicFile::at(&place).expect_err("something is there");
            assert!(
                matches!(&refused, PlaceError::Exists { path } if *path == beside(&place, suffix)),
                "{refused:?}"
            );
            fs::remove_file(beside(&place, suffix)).unwrap();
        }
    }

    #[test]
    fn one_at_a_time() {
        let (_folder, place) = place();
        let first = AtomicFile::at(&place).unwrap();
        assert!(matches!(AtomicFile::at(&place), Err(PlaceError::InTheMaking { .. })));
        drop(first);
        assert!(AtomicFile::at(&place).is_ok());
    }

    /// Killed between the naming and the clearing away, the file has both names; and under the one it is
    /// a store in use by now.
    #[test]
    fn what_a_dead_process_left_is_cleared_away_and_not_written_to() {
        let (folder, place) = place();
        let moved = beside(&place, ".moved");
        fs::write(&moved, "a whole store").unwrap();
        fs::hard_link(&moved, beside(&place, ".part")).unwrap();
        fs::write(beside(&place, ".part-journal"), "of another one").unwrap();
        let file = AtomicFile::at(&place).unwrap();
        assert!(!beside(&place, ".part-journal").exists());
        fs::write(&file.path, "new").unwrap();
        file.name().unwrap();
        assert_eq!(fs::read(&moved).unwrap(), b"a whole store");
        assert_eq!(names(&folder), ["a.db", "a.db.moved"]);
    }
}
