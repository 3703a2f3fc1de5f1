//! The files of a store: who may use them, and how they are made.
//!
//! An existing database is only looked at from outside, never opened and closed here: closing any
//! descriptor of a file drops the locks that SQLite holds on it in this process.

use std::{
    ffi::OsString,
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use crate::OpenStoreError;

/// Held while a file is made and while SQLite opens one, for the reason above.
static OPENING: Mutex<()> = Mutex::new(());

pub(crate) fn opening() -> MutexGuard<'static, ()> {
    OPENING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The path of a store, checked.
#[derive(Debug)]
pub(crate) struct Place {
    /// Without links, so that the journals stand beside the real file.
    pub(crate) path: PathBuf,
    /// How long the database is, and its journal.
    pub(crate) len: u64,
    pub(crate) journal_len: u64,
}

/// Checks who may use the files at `path`, and makes an empty database if there is none.
pub(crate) fn prepare(path: &Path, create: bool) -> Result<Place, OpenStoreError> {
    let system = |source| OpenStoreError::System { path: path.into(), source };
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(e) if e.kind() == ErrorKind::NotFound => missing(path, create)?,
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            return Err(OpenStoreError::NoFolder { folder: folder_of(path) });
        }
        Err(e) => return Err(system(e)),
    };
    check_folder(&folder_of(&path))?;
    match metadata(&path).map_err(system)? {
        None => make(&path).map_err(system)?,
        Some(found) if !found.is_file() => return Err(OpenStoreError::NotAFile { path }),
        Some(found) if found.len() == 0 && !create => return Err(OpenStoreError::Missing { path }),
        Some(_) => {}
    }
    let [mut len, mut journal_len] = [0, 0];
    for (suffix, size) in
        [("", Some(&mut len)), ("-wal", Some(&mut journal_len)), ("-shm", None), ("-journal", None)]
    {
        let file = beside(&path, suffix);
        if let Some(found) = metadata(&file).map_err(system)? {
            check_mode(&found, &file)?;
            if let Some(size) = size {
                *size = found.len();
            }
        }
    }
    Ok(Place { path, len, journal_len })
}

/// Where a file that is missing would be made.
fn missing(path: &Path, create: bool) -> Result<PathBuf, OpenStoreError> {
    let folder = folder_of(path);
    let real = fs::canonicalize(&folder).map_err(|_| OpenStoreError::NoFolder { folder })?;
    match path.file_name() {
        Some(_) if !create => Err(OpenStoreError::Missing { path: path.into() }),
        // A link that leads nowhere is not followed. A file may have been made meanwhile.
        Some(name) if !path.is_symlink() => Ok(real.join(name)),
        _ => Err(OpenStoreError::NotAFile { path: path.into() }),
    }
}

pub(crate) fn folder_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder.into(),
        _ => PathBuf::from("."),
    }
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

fn metadata(path: &Path) -> io::Result<Option<Metadata>> {
    match fs::metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(e),
    }
}

/// Makes an empty file that only its owner can use, whatever the umask, and makes its name durable.
fn make(path: &Path) -> io::Result<()> {
    let _guard = opening();
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => File::open(folder_of(path))?.sync_all(),
        // Somebody else was faster: theirs will do, once it is checked like any other.
        Err(e) if e.kind() == ErrorKind::AlreadyExists => Ok(()),
        Err(e) => Err(e),
    }
}

#[cfg(unix)]
fn check_mode(found: &Metadata, path: &Path) -> Result<(), OpenStoreError> {
    let mode = std::os::unix::fs::PermissionsExt::mode(&found.permissions()) & 0o7777;
    if mode & 0o077 == 0 {
        Ok(())
    } else {
        Err(OpenStoreError::Exposed { path: path.into(), mode })
    }
}

/// Others must not be able to put another file in the place of the store or of a journal. A group
/// with the number of the folder's owner is that user's own (many systems give each user one).
#[cfg(unix)]
pub(crate) fn check_folder(folder: &Path) -> Result<(), OpenStoreError> {
    use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
    let found = fs::metadata(folder)
        .map_err(|source| OpenStoreError::System { path: folder.into(), source })?;
    let mode = found.permissions().mode() & 0o7777;
    let own_group = found.gid() == found.uid();
    if mode & 0o002 != 0 || (mode & 0o020 != 0 && !own_group) {
        return Err(OpenStoreError::FolderExposed { folder: folder.into(), mode });
    }
    Ok(())
}

#[cfg(not(unix))]
fn check_mode(_: &Metadata, _: &Path) -> Result<(), OpenStoreError> {
    Ok(())
}

#[cfg(not(unix))]
pub(crate) fn check_folder(_: &Path) -> Result<(), OpenStoreError> {
    Ok(())
}
