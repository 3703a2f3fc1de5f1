#![doc = include_str!("../README.md")]
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a target fails by panicking, and compares secrets"
)]

use std::{
    fs,
    path::Path,
    sync::{LazyLock, Mutex, PoisonError},
};

use finch_testkit::Figures;

mod canary;
mod http_answers;
mod mutate;
mod targets {
    pub(crate) mod callback;
    pub(crate) mod emulator_call;
    pub(crate) mod finch_answer;
    pub(crate) mod store_file;
    pub(crate) mod webhook;
}

pub use mutate::{mutated, words};

/// One function that takes any bytes and must not panic.
#[derive(Clone, Copy, Debug)]
pub struct Target {
    /// Its name; also of its folder in the corpus.
    pub name: &'static str,
    /// The function.
    pub run: fn(&[u8]),
    /// The events that the corpus must reach, between semicolons.
    pub reaches: &'static str,
}

/// All of them.
pub const TARGETS: &[Target] = &[
    targets::callback::TARGET,
    targets::emulator_call::TARGET,
    targets::finch_answer::TARGET,
    targets::store_file::TARGET,
    targets::webhook::TARGET,
];

/// The committed corpus of a target: names of files and their contents, in the order of the names.
pub fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{folder:?}: {error}"));
    let entry = |path: &Path| {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        (name, fs::read(path).unwrap())
    };
    let mut entries: Vec<_> = files.map(|file| entry(&file.unwrap().path())).collect();
    entries.sort();
    entries
}

static REACHED: LazyLock<Mutex<Figures>> = LazyLock::new(Mutex::default);

/// Counts an event, named after its target: a run that never got past the first check proves little.
pub(crate) fn note(event: &str) {
    REACHED.lock().unwrap_or_else(PoisonError::into_inner).hit(event);
}

/// The events since the last call.
pub fn take_reached() -> Figures {
    std::mem::take(&mut REACHED.lock().unwrap_or_else(PoisonError::into_inner))
}
