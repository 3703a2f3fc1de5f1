//! The committed corpus.

use std::{fs, path::Path};

/// One file of the corpus.
#[derive(Clone, Debug)]
pub struct Entry {
    /// The file's name.
    pub name: String,
    /// What is in it.
    pub data: Vec<u8>,
}

/// The corpus of a target, in the order of the names.
pub fn corpus(target: &str) -> Vec<Entry> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let mut entries: Vec<_> = files
        .map(|file| {
            let path = file.unwrap().path();
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            Entry { name, data: fs::read(path).unwrap() }
        })
        .collect();
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    entries
}
