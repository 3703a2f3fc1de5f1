//! Key files: one line of text that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::access::{Process, Refused, Rights, folder_of};
use crate::{Kek, KeyFileError};

/// No key file is longer; more is not read.
const LONGEST: u64 = 1024;

/// Reads a key file: what [`create`] wrote, or anything that [`Kek::parse`] takes. Symbolic links are
/// followed, as secret volumes have them; what they lead to is checked.
///
/// # Errors
/// [`KeyFileError::Exposed`] when other users have a right to it, and [`KeyFileError::OtherOwner`] when it
/// or its folder is another user's ([`Process::check_key_file`] has the rules); otherwise
/// [`KeyFileError::Missing`], [`KeyFileError::NotAFile`], [`KeyFileError::Content`] or
/// [`KeyFileError::Read`].
pub fn read(path: impl AsRef<Path>) -> Result<Kek, KeyFileError> {
    let path = path.as_ref();
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing(path.into()),
        _ => KeyFileError::Read(path.into(), source),
    };
    let regular = |found: fs::Metadata| match found.is_file() {
        true => Ok(found),
        false => Err(KeyFileError::NotAFile(path.into())),
    };
    // Before it is opened, which makes some devices act; and without waiting, should it become a FIFO.
    regular(fs::metadata(path).map_err(failed)?)?;
    let no_wait = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path).map_err(failed)?;
    // Of the open file, not of the path: what was checked is what is read.
    let metadata = regular(file.metadata().map_err(failed)?)?;
    let process = Process::current().map_err(failed)?;
    let found = Rights::from(&metadata);
    process.check_key_file(found).map_err(|why| refusal(why, path, found, &process))?;
    check_folder(&fs::canonicalize(path).map_err(failed)?, &process, failed)?;
    // Room for everything from the start: a buffer that grows leaves copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(2 * LONGEST as usize));
    file.take(LONGEST).read_to_end(&mut content).map_err(failed)?;
    Kek::parse_bytes(&content).map_err(|source| KeyFileError::Content(path.into(), source))
}

/// Writes a new key file, readable by its owner only, and makes it durable. It gets its name only once it
/// is whole: a crash leaves none, or at most one with a temporary name that is never read.
///
/// # Errors
/// [`KeyFileError::Exists`] when anything has that name already: it stays as it is.
/// [`KeyFileError::OtherOwner`] when its folder is another user's. [`KeyFileError::Write`] when the file
/// could not be written; none is left then.
pub fn create(path: impl AsRef<Path>, key: &Kek) -> Result<(), KeyFileError> {
    let path = path.as_ref();
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
        _ => KeyFileError::Write(path.into(), source),
    };
    check_folder(path, &Process::current().map_err(failed)?, failed)?;
    let temporary = beside(path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&temporary);
    // A link never takes the place of what has that name already.
    let named =
        file.and_then(|file| write(file, key)).and_then(|()| fs::hard_link(&temporary, path));
    // If it can't go, it stays under its own name.
    let _ = fs::remove_file(&temporary);
    // Without it the name of the file may be gone after a power cut.
    let synced = named.and_then(|()| File::open(folder_of(path))?.sync_all());
    synced.map_err(failed)
}

/// A name beside `path` that nothing has.
fn beside(path: &Path) -> PathBuf {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), since.as_nanos()));
    name.into()
}

fn write(mut file: File, key: &Kek) -> io::Result<()> {
    let text = key.to_text().map_err(io::Error::other)?;
    file.write_all(text.as_slice())?;
    file.write_all(b"\n")?;
    file.sync_all()
}

/// The owner of a folder can put another file in the key's place.
fn check_folder(
    path: &Path,
    process: &Process,
    failed: impl Fn(io::Error) -> KeyFileError,
) -> Result<(), KeyFileError> {
    let folder = folder_of(path);
    let found = Rights::from(&fs::metadata(folder).map_err(failed)?);
    process.check_owner(found).map_err(|why| refusal(why, folder, found, process))
}

fn refusal(why: Refused, path: &Path, found: Rights, process: &Process) -> KeyFileError {
    let path = path.into();
    match why {
        Refused::OtherOwner => {
            KeyFileError::OtherOwner { path, owner: found.owner, user: process.user }
        }
        Refused::Exposed => KeyFileError::Exposed(path, found.mode),
    }
}
