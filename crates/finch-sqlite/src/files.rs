//! The files of a store: where they are, and who may use them.
//!
//! An existing database is never opened and closed here, only its metadata is read: closing any
//! descriptor of a file drops the locks that SQLite holds on it in this process.

use std::{
    ffi::OsString,
    fs::{self, Metadata},
    io::ErrorKind,
    os::unix::fs::MetadataExt as _,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

use finch_seal::access::{Process, Refused, Rights};

use crate::open_error::OpenStoreError;

/// Held while a file gets its name and while SQLite opens one, for the reason above.
static OPENING: Mutex<()> = Mutex::new(());

pub(crate) fn opening() -> MutexGuard<'static, ()> {
    OPENING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest page that a database has, in bytes. SQLite takes a file of one byte for an empty one, and
/// deletes the log beside it.
const SMALLEST: u64 = 512;

/// What SQLite puts beside a database.
pub(crate) const JOURNALS: [&str; 3] = ["-wal", "-journal", "-shm"];

/// The path of a store, checked.
#[derive(Debug)]
pub(crate) struct Place {
    /// Without links, so that the journals stand beside the real file.
    pub(crate) path: PathBuf,
    /// How long the database is, and its write-ahead log.
    pub(crate) len: u64,
    pub(crate) journal_len: u64,
}

/// Finds the files of the store at `path`, and checks who may use them.
pub(crate) fn find(path: &Path) -> Result<Place, OpenStoreError> {
    match find_at(path) {
        // Another process may have made the store between the checks of its file and of its log.
        Err(OpenStoreError::LogWithoutStore { path, .. }) => find_at(&path),
        found => found,
    }
}

/// Finds a store that is to be used where it is. Under a second name, or mounted without its folder, the
/// file would get a second log, and what one process writes another would not see.
pub(crate) fn find_alone(path: &Path) -> Result<Place, OpenStoreError> {
    let place = find(path)?;
    for suffix in ["", "-wal"] {
        let file = beside(&place.path, suffix);
        match metadata(&file)? {
            Some(found) if found.nlink() > 1 => {
                return Err(OpenStoreError::SeveralNames { path: file, names: found.nlink() });
            }
            Some(_) if is_mount_point(&file) => {
                return Err(OpenStoreError::MountedAlone { path: file });
            }
            _ => {}
        }
    }
    Ok(place)
}

fn find_at(path: &Path) -> Result<Place, OpenStoreError> {
    let path = match fs::canonicalize(path) {
        Ok(real) => real,
        Err(e) if e.kind() == ErrorKind::NotFound => return Err(missing(path)),
        Err(e) if e.kind() == ErrorKind::NotADirectory => {
            return Err(OpenStoreError::NoFolder { folder: folder_of(path) });
        }
        Err(source) => return Err(OpenStoreError::system(path, source)),
    };
    let (process, folder) = check_folder(&folder_of(&path))?;
    let [mut len, mut journal_len] = [0, 0];
    for suffix in [""].into_iter().chain(JOURNALS) {
        let file = beside(&path, suffix);
        let Some(found) = metadata(&file)? else {
            continue;
        };
        if !found.is_file() {
            return Err(OpenStoreError::NotAFile { path: file });
        }
        let rights = Rights::from(&found);
        process
            .check_store_file(rights, folder)
            .map_err(|why| refusal(why, &file, rights, &process))?;
        match suffix {
            "" => len = found.len(),
            "-wal" => journal_len = found.len(),
            _ => {}
        }
    }
    if len < SMALLEST {
        return Err(match absent(&path) {
            OpenStoreError::Missing { path } if len > 0 => OpenStoreError::NotAStore { path },
            why => why,
        });
    }
    Ok(Place { path, len, journal_len })
}

/// Why there is no store where no file is.
fn missing(path: &Path) -> OpenStoreError {
    let folder = folder_of(path);
    if let Ok(target) = fs::read_link(path) {
        // No store is made where a link leads; but a log may be left there.
        return match find_at(&folder.join(target)) {
            Err(why @ OpenStoreError::LogWithoutStore { .. }) => why,
            _ => OpenStoreError::NotAFile { path: path.into() },
        };
    }
    match (fs::canonicalize(&folder), path.file_name()) {
        (Err(_), _) => OpenStoreError::NoFolder { folder },
        (Ok(real), Some(name)) => absent(&real.join(name)),
        (Ok(_), None) => OpenStoreError::NotAFile { path: path.into() },
    }
}

/// That there is no store at `path`, and whether a log was left there: SQLite would empty it.
fn absent(path: &Path) -> OpenStoreError {
    let left = JOURNALS.map(|suffix| beside(path, suffix));
    let found = left.iter().filter_map(|log| {
        let len = fs::symlink_metadata(log).ok()?.len();
        // The last is the index of the log, which SQLite makes out of it again.
        Some((log, len > 0 && log.as_path() != beside(path, "-shm")))
    });
    match found.max_by_key(|(_, may_hold_tokens)| *may_hold_tokens) {
        Some((log, may_hold_tokens)) => {
            OpenStoreError::LogWithoutStore { path: path.into(), log: log.clone(), may_hold_tokens }
        }
        None => OpenStoreError::Missing { path: path.into() },
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

/// Not through a link: SQLite follows none.
fn metadata(path: &Path) -> Result<Option<Metadata>, OpenStoreError> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(e) if e.kind() == ErrorKind::NotFound => Ok(None),
        Err(e) => Err(OpenStoreError::system(path, e)),
    }
}

/// Whether a file was mounted by itself. Where the system does not say, it was not.
#[cfg(target_os = "linux")]
fn is_mount_point(path: &Path) -> bool {
    use rustix::fs::{AtFlags, CWD, StatxAttributes, StatxFlags, statx};
    statx(CWD, path, AtFlags::empty(), StatxFlags::empty())
        .is_ok_and(|found| found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT))
}

#[cfg(not(target_os = "linux"))]
fn is_mount_point(_: &Path) -> bool {
    false
}

/// No other user may put another file in the place of the store or of a journal. Returns who this process is,
/// too.
pub(crate) fn check_folder(folder: &Path) -> Result<(Process, Rights), OpenStoreError> {
    let system = |source| OpenStoreError::system(folder, source);
    let process = Process::current().map_err(system)?;
    let rights = Rights::from(&fs::metadata(folder).map_err(system)?);
    match process.check_folder(rights) {
        Ok(()) => Ok((process, rights)),
        Err(Refused::Exposed) => {
            Err(OpenStoreError::FolderExposed { folder: folder.into(), mode: rights.mode })
        }
        Err(other) => Err(refusal(other, folder, rights, &process)),
    }
}

fn refusal(why: Refused, path: &Path, found: Rights, process: &Process) -> OpenStoreError {
    let path = path.into();
    match why {
        Refused::OtherOwner => {
            OpenStoreError::OtherOwner { path, owner: found.owner, user: process.user }
        }
        Refused::Exposed => OpenStoreError::Exposed { path, mode: found.mode },
    }
}
