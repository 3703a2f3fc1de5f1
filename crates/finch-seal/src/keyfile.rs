//! Key files: one line of text that only its owner can read.

use std::fs::{self, File, Metadata, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use rustix::fs::OFlags;
use zeroize::Zeroizing;

use crate::access::{Process, Rights, folder_of};
use crate::{Kek, KeyFileError};

/// No key file is longer; more is not read.
const LONGEST: u64 = 1024;

/// Reads a key file: what [`create`] wrote, or anything that [`Kek::parse`] takes. Symbolic links are
/// followed, as secret volumes have them; what they lead to is checked.
///
/// # Errors
/// [`KeyFileError::Access`] when other users have a right to it, or when it or its folder is another user's
/// ([`Process::check_key_file`] has the rules); otherwise [`KeyFileError::Missing`],
/// [`KeyFileError::NotAFile`], [`KeyFileError::Content`] or [`KeyFileError::Read`].
pub fn read(path: impl AsRef<Path>) -> Result<Kek, KeyFileError> {
    let path = path.as_ref();
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing(path.into()),
        _ => KeyFileError::Read(path.into(), source),
    };
    let regular = |found: Metadata| match found.is_file() {
        true => Ok(found),
        false => Err(KeyFileError::NotAFile(path.into())),
    };
    // Before it is opened, which makes some devices act; and without waiting, should it become a FIFO.
    regular(fs::metadata(path).map_err(failed)?)?;
    let no_wait = OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(no_wait).open(path).map_err(failed)?;
    // Of the open file, not of the path: what was checked is what is read.
    let found = Rights::from(&regular(file.metadata().map_err(failed)?)?);
    let process = Process::current().map_err(failed)?;
    process.check_key_file(found).map_err(|why| KeyFileError::Access(path.into(), why))?;
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
/// [`KeyFileError::Access`] when its folder is another user's. [`KeyFileError::Write`] when the file
/// could not be written; none is left then.
pub fn create(path: impl AsRef<Path>, key: &Kek) -> Result<(), KeyFileError> {
    let path = path.as_ref();
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists(path.into()),
        _ => KeyFileError::Write(path.into(), source),
    };
    check_folder(path, &Process::current().map_err(failed)?, failed)?;
    write(path, key).map_err(failed)
}

fn write(path: &Path, key: &Kek) -> io::Result<()> {
    let folder = File::open(folder_of(path))?;
    let name = path.file_name().unwrap_or_default();
    let mut file =
        tempfile::Builder::new().prefix(name).suffix(".new").tempfile_in(folder_of(path))?;
    file.write_all(key.to_text().map_err(io::Error::other)?.as_slice())?;
    file.write_all(b"\n")?;
    file.as_file().sync_all()?;
    file.persist_noclobber(path)?;
    // Without it the name of the file may be gone after a power cut.
    folder.sync_all().inspect_err(|_| drop(fs::remove_file(path)))
}

/// The owner of a folder can put another file in the key's place.
fn check_folder(
    path: &Path,
    process: &Process,
    failed: impl Fn(io::Error) -> KeyFileError,
) -> Result<(), KeyFileError> {
    let folder = folder_of(path);
    let found = Rights::from(&fs::metadata(folder).map_err(failed)?);
    process.check_owner(found).map_err(|why| KeyFileError::Access(folder.into(), why))
}
