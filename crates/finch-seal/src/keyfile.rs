//! Key files: one line of text that only its owner can read.

use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use secrecy::ExposeSecret as _;
use zeroize::Zeroizing;

use crate::kek::PREFIX;
use crate::{Kek, KeyFileError, ParseKeyError};

/// No key file is longer; more is not read.
const LONGEST: u64 = 1024;

/// Reads a key file: what [`create`] wrote, or anything that [`Kek::parse`] takes.
///
/// # Errors
/// [`KeyFileError::Exposed`] when its group or others have any right to it; otherwise
/// [`KeyFileError::Missing`], [`KeyFileError::NotAFile`], [`KeyFileError::Content`] or
/// [`KeyFileError::Read`].
pub fn read(path: &Path) -> Result<Kek, KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::NotFound => KeyFileError::Missing { path: path.into() },
        _ => KeyFileError::Read { path: path.into(), source },
    };
    let file = File::open(path).map_err(failed)?;
    // Of the open file, not of the path: what was checked is what is read.
    let metadata = file.metadata().map_err(failed)?;
    if !metadata.is_file() {
        return Err(KeyFileError::NotAFile { path: path.into() });
    }
    let mode = metadata.permissions().mode() & 0o7777;
    if mode & 0o077 != 0 {
        return Err(KeyFileError::Exposed { path: path.into(), mode });
    }
    // Room for everything from the start: a buffer that grows leaves copies behind.
    let mut content = Zeroizing::new(Vec::with_capacity(2 * LONGEST as usize));
    file.take(LONGEST).read_to_end(&mut content).map_err(failed)?;
    let key = match str::from_utf8(&content) {
        Ok(text) => Kek::parse(text),
        Err(_) => Err(ParseKeyError::Malformed { length: content.len() }),
    };
    key.map_err(|source| KeyFileError::Content { path: path.into(), source })
}

/// Writes a new key file, readable by its owner only, and makes it durable. It gets its name only once it
/// is whole: a crash leaves none, or at most one with a name of its own that nobody uses.
///
/// # Errors
/// [`KeyFileError::Exists`] when anything has that name already: it stays as it is.
/// [`KeyFileError::Write`] when the file could not be written; none is left then.
pub fn create(path: &Path, key: &Kek) -> Result<(), KeyFileError> {
    let failed = |source: io::Error| match source.kind() {
        ErrorKind::AlreadyExists => KeyFileError::Exists { path: path.into() },
        _ => KeyFileError::Write { path: path.into(), source },
    };
    let unnamed = beside(path);
    let file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&unnamed);
    // A link never takes the place of what has that name already.
    let named = file.and_then(|file| write(file, key)).and_then(|()| fs::hard_link(&unnamed, path));
    // If it can't go, it stays under its own name.
    let _ = fs::remove_file(&unnamed);
    named.and_then(|()| sync_folder(path)).map_err(failed)
}

/// A name beside `path` that nothing has.
fn beside(path: &Path) -> PathBuf {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".{}-{}.new", std::process::id(), since.as_nanos()));
    name.into()
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: a key file is made of the key")]
fn write(mut file: File, key: &Kek) -> io::Result<()> {
    // 43 digits for 32 bytes, and the end of the line.
    let mut line = Zeroizing::new([b'\n'; PREFIX.len() + 43 + 1]);
    let (prefix, digits) = line.split_at_mut(PREFIX.len());
    prefix.copy_from_slice(PREFIX.as_bytes());
    URL_SAFE_NO_PAD
        .encode_slice(key.bytes().expose_secret(), digits)
        .map_err(|_| io::Error::from(ErrorKind::InvalidData))?;
    file.write_all(line.as_slice())?;
    file.sync_all()
}

/// Without it the name of the file may be gone after a power cut.
fn sync_folder(path: &Path) -> io::Result<()> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}
