//! The search for secrets in the store's files, as a thief would make it with `grep`.

use std::{fs, io, path::Path};

use serde::Serialize;

/// What was searched, and what was found.
#[derive(Clone, Copy, Debug, Default, Serialize)]
pub(crate) struct Searched {
    pub(crate) files: usize,
    pub(crate) bytes: usize,
    pub(crate) secrets: usize,
    /// How many of the secrets are in one of the files.
    pub(crate) found: usize,
}

/// Looks for each secret in each file of the folder.
pub(crate) fn search(folder: &Path, secrets: &[&str]) -> io::Result<Searched> {
    let mut searched = Searched { secrets: secrets.len(), ..Searched::default() };
    let mut contents = Vec::new();
    for entry in fs::read_dir(folder)? {
        let content = fs::read(entry?.path())?;
        searched.files += 1;
        searched.bytes += content.len();
        contents.push(content);
    }
    let is_in = |secret: &&&str| {
        contents.iter().any(|content| {
            content.windows(secret.len().max(1)).any(|part| part == secret.as_bytes())
        })
    };
    searched.found = secrets.iter().filter(is_in).count();
    Ok(searched)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_a_file_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a"), b"\0\xffxxcanaryxx").expect("written");
        fs::write(folder.path().join("b"), b"nothing").expect("written");
        let searched = search(folder.path(), &["canary", "sparrow"]).expect("searched");
        assert_eq!(
            (searched.files, searched.bytes, searched.secrets, searched.found),
            (2, 19, 2, 1)
        );
    }
}
