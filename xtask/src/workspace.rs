//! The checkout: where it is, and which files it has.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// A text file of the checkout.
#[derive(Debug)]
pub(crate) struct TextFile {
    /// From the root, with `/` between the folders.
    pub(crate) path: String,
    pub(crate) text: String,
}

/// The folder above this crate's: cargo tells both its tests and its `run` where that is.
pub(crate) fn root() -> PathBuf {
    let here = env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let root = here.as_deref().and_then(Path::parent);
    root.map_or_else(|| PathBuf::from("."), Path::to_path_buf)
}

/// All text files that are, or would be, in version control, in the order of their paths.
pub(crate) fn text_files() -> io::Result<Vec<TextFile>> {
    let root = root();
    let mut paths = match listed_by_git(&root) {
        Some(paths) => paths,
        None => walk(&root)?,
    };
    paths.sort();
    let mut files = Vec::new();
    for path in paths {
        // A file may be listed and deleted, or no text: neither is of interest here.
        match fs::read_to_string(root.join(&path)) {
            Ok(text) => files.push(TextFile { path, text }),
            Err(error) => match error.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::InvalidData => {}
                io::ErrorKind::IsADirectory => {}
                _ => return Err(error),
            },
        }
    }
    Ok(files)
}

/// Tracked files and new ones that are not ignored; none without git or outside of a checkout.
fn listed_by_git(root: &Path) -> Option<Vec<String>> {
    let output = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    let listed = String::from_utf8_lossy(&output.stdout);
    Some(listed.split_terminator('\0').map(str::to_owned).collect())
}

/// Every file but git's and cargo's own.
fn walk(root: &Path) -> io::Result<Vec<String>> {
    let mut files = Vec::new();
    let mut folders = vec![String::new()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root.join(&folder))? {
            let entry = entry?;
            let path = format!("{folder}{}", entry.file_name().to_string_lossy());
            match entry.file_type()?.is_dir() {
                true if path == ".git" || path == "target" => {}
                true => folders.push(path + "/"),
                false => files.push(path),
            }
        }
    }
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_and_the_walk_find_this_file() {
        let root = root();
        let this = "xtask/src/workspace.rs".to_owned();
        assert!(walk(&root).unwrap().contains(&this));
        if let Some(listed) = listed_by_git(&root) {
            assert!(listed.contains(&this));
        }
        assert!(text_files().unwrap().iter().any(|file| file.path == this));
    }
}
