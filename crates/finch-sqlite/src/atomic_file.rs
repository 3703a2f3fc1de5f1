//! A file in the making: it gets its name only once it is whole, and never another file's.
//!
//! Until then it stands under a name of its own beside the place. A process that dies leaves that one
//! behind, and the next one clears it away: its lock is free.

use std::{
    fs::{self, File, TryLockError},
    io,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::{Path, PathBuf},
};

use finch_seal::access::folder_of;
use tempfile::TempPath;

use crate::{
    error::{StoreFileError, StoreProblem},
    files::{self, JOURNALS, beside, check_folder},
};

/// The file, which is only this process's while this lives. Dropped, it is gone.
#[derive(Debug)]
pub(crate) struct AtomicFile {
    /// Where it is to be.
    place: PathBuf,
    /// Where it is.
    pub(crate) path: PathBuf,
    /// None once it has its name. Removed before the lock is given up: another process may take it then.
    part: Option<TempPath>,
    pub(crate) file: File,
}

impl AtomicFile {
    /// An empty file for `place`, where nothing is, readable by its owner only.
    pub(crate) fn at(place: &Path) -> Result<Self, StoreFileError> {
        let file = Self::claim(place)?;
        // A journal that stayed behind would be taken for the new file's.
        for suffix in [""].into_iter().chain(JOURNALS) {
            let path = beside(&file.place, suffix);
            if fs::symlink_metadata(&path).is_ok() {
                return Err(StoreProblem::Exists.at(path));
            }
        }
        Ok(file)
    }

    /// The same, whatever is at `place`. Busy: another process makes a file for it.
    pub(crate) fn claim(place: &Path) -> Result<Self, StoreFileError> {
        let folder = folder_of(place);
        let (Ok(real), Some(name)) = (fs::canonicalize(folder), place.file_name()) else {
            return Err(StoreProblem::NoFolder.at(folder));
        };
        check_folder(&real)?;
        let place = real.join(name);
        let path = beside(&place, ".part");
        let system = |error| StoreFileError::io(&place, error);
        let Some(file) = make(&path).map_err(system)? else {
            return Err(StoreProblem::Busy.at(place));
        };
        let part = Some(TempPath::try_from_path(&path).map_err(system)?);
        Ok(Self { place, path, part, file })
    }

    /// Gives the file its name. From the return on it is there, whatever happens.
    pub(crate) fn name(mut self) -> Result<(), StoreFileError> {
        // Until the file is closed here: no other thread opens it before.
        let _guard = files::opening();
        let named = self.file.sync_all().and_then(|()| {
            if let Some(part) = self.part.take() {
                part.persist_noclobber(&self.place)?;
            }
            File::open(folder_of(&self.place))?.sync_all()
        });
        let named = named.map_err(|error| StoreFileError::io(&self.place, error));
        drop(self);
        named
    }
}

impl Drop for AtomicFile {
    fn drop(&mut self) {
        if self.part.is_some() {
            clear_journals(&self.path);
        }
    }
}

/// A new file of this name, locked. None: another process holds it.
fn make(path: &Path) -> io::Result<Option<File>> {
    let mut options = File::options();
    options.read(true).write(true).create(true).truncate(false).mode(0o600);
    loop {
        let file = options.open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Ok(None),
            locked => locked?,
        }
        let found = file.metadata()?;
        // It may have been cleared away before it was locked.
        if fs::metadata(path).is_ok_and(|here| here.ino() == found.ino()) {
            clear_journals(path);
            if found.len() == 0 {
                return Ok(Some(file));
            }
            // Of a process that died. Never written to: by another name it may be whole.
            fs::remove_file(path)?;
        }
    }
}

fn clear_journals(path: &Path) {
    for suffix in JOURNALS {
        let _ = fs::remove_file(beside(path, suffix));
    }
}
