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

use finch_seal::access::{AccessError, Process, Rights, folder_of};

use crate::error::{StoreFileError, StoreProblem};

type Result<T, E = StoreFileError> = std::result::Result<T, E>;

/// Held while a file gets its name and while SQLite opens one, for the reason above.
static OPENING: Mutex<()> = Mutex::new(());

pub(crate) fn opening() -> MutexGuard<'static, ()> {
    OPENING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The smallest page that a database has, in bytes. SQLite takes a file of one byte for an empty one, and
/// deletes the log beside it.
const SMALLEST: u64 = 512;

/// What SQLite puts beside a database. The last is the index of the log, which SQLite makes out of it again.
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
pub(crate) fn find(path: &Path) -> Result<Place> {
    match find_at(path) {
        // Another process may have made the store between the checks of its file and of its log.
        Err(StoreFileError { path, problem: StoreProblem::LogWithoutStore { .. }, .. }) => {
            find_at(&path)
        }
        found => found,
    }
}

/// Finds a store that is to be used where it is. Under a second name, or mounted without its folder, the
/// file would get a second log, and what one process writes another would not see.
pub(crate) fn find_alone(path: &Path) -> Result<Place> {
    let place = find(path)?;
    for suffix in ["", "-wal"] {
        let file = beside(&place.path, suffix);
        let Some(found) = metadata(&file)? else { continue };
        if found.nlink() > 1 {
            return Err(StoreProblem::SeveralNames { names: found.nlink() }.at(file));
        }
        if is_mount_point(&file) {
            return Err(StoreProblem::MountedAlone.at(file));
        }
    }
    Ok(place)
}

fn find_at(path: &Path) -> Result<Place> {
    let path = fs::canonicalize(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => missing(path),
        ErrorKind::NotADirectory => StoreProblem::NoFolder.at(folder_of(path)),
        _ => StoreFileError::io(path, error),
    })?;
    let (process, folder) = check_folder(folder_of(&path))?;
    let mut place = Place { path, len: 0, journal_len: 0 };
    for suffix in [""].into_iter().chain(JOURNALS) {
        let file = beside(&place.path, suffix);
        let Some(found) = metadata(&file)? else { continue };
        if !found.is_file() {
            return Err(StoreProblem::NotAFile.at(file));
        }
        let allowed = process.check_store_file(Rights::from(&found), folder);
        allowed.map_err(|why| StoreProblem::Access(why).at(&file))?;
        match suffix {
            "" => place.len = found.len(),
            "-wal" => place.journal_len = found.len(),
            _ => {}
        }
    }
    match (place.len, absent(&place.path)) {
        (SMALLEST.., _) => Ok(place),
        (1.., StoreFileError { path, problem: StoreProblem::Missing, .. }) => {
            Err(StoreProblem::NotAStore.at(path))
        }
        (_, absent) => Err(absent),
    }
}

/// Why there is no store where no file is.
fn missing(path: &Path) -> StoreFileError {
    let folder = folder_of(path);
    if let Ok(target) = fs::read_link(path) {
        // No store is made where a link leads; but a log may be left there.
        return match find_at(&folder.join(target)) {
            Err(why) if matches!(why.problem, StoreProblem::LogWithoutStore { .. }) => why,
            _ => StoreProblem::NotAFile.at(path),
        };
    }
    match (fs::canonicalize(folder), path.file_name()) {
        (Err(_), _) => StoreProblem::NoFolder.at(folder),
        (Ok(real), Some(name)) => absent(&real.join(name)),
        (Ok(_), None) => StoreProblem::NotAFile.at(path),
    }
}

/// That there is no store at `path`, and whether a log was left there: SQLite would empty it.
fn absent(path: &Path) -> StoreFileError {
    let found = JOURNALS.into_iter().filter_map(|suffix| {
        let log = beside(path, suffix);
        let len = fs::symlink_metadata(&log).ok()?.len();
        Some(StoreProblem::LogWithoutStore { log, may_hold_tokens: len > 0 && suffix != "-shm" })
    });
    let holds = |log: &StoreProblem| {
        matches!(log, StoreProblem::LogWithoutStore { may_hold_tokens: true, .. })
    };
    found.max_by_key(holds).unwrap_or(StoreProblem::Missing).at(path)
}

pub(crate) fn beside(path: &Path, suffix: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(suffix);
    name.into()
}

/// Not through a link: SQLite follows none.
fn metadata(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(found) => Ok(Some(found)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(StoreFileError::io(path, error)),
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
pub(crate) fn check_folder(folder: &Path) -> Result<(Process, Rights)> {
    let system = |error| StoreFileError::io(folder, error);
    let process = Process::current().map_err(system)?;
    let rights = Rights::from(&fs::metadata(folder).map_err(system)?);
    match process.check_folder(rights) {
        Ok(()) => Ok((process, rights)),
        Err(AccessError::Exposed(mode)) => Err(StoreProblem::FolderExposed { mode }.at(folder)),
        Err(why) => Err(StoreProblem::Access(why).at(folder)),
    }
}
