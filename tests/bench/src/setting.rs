//! How large the figures are measured, and where things are kept.

use std::{
    env, fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Duration,
};

use criterion::Criterion;

/// Read from the environment, which `cargo xtask bench` sets.
#[derive(Debug)]
pub(crate) struct Setting {
    /// Where stores, criterion's output and facts are kept.
    pub(crate) folder: PathBuf,
    /// The `finch` binary.
    pub(crate) binary: PathBuf,
    /// A hundredth of the size.
    pub(crate) quick: bool,
    only: String,
}

impl Setting {
    pub(crate) fn read() -> Self {
        let path = |name: &str, default: &str| {
            PathBuf::from(env::var_os(name).unwrap_or_else(|| default.into()))
        };
        let setting = Self {
            folder: path("FINCH_BENCH_FOLDER", "target/bench"),
            binary: path("FINCH_BENCH_BINARY", "target/release/finch"),
            quick: env::var_os("FINCH_BENCH_QUICK").is_some(),
            only: env::var("FINCH_BENCH_ONLY").unwrap_or_default(),
        };
        fs::create_dir_all(&setting.folder).unwrap();
        setting
    }

    /// Whether this group is asked for.
    pub(crate) fn wants(&self, group: &str) -> bool {
        group.contains(&self.only)
    }

    /// How many tokens the large store has.
    pub(crate) fn large(&self) -> u64 {
        if self.quick { 100_000 } else { 10_000_000 }
    }

    /// Criterion, writing where `cargo xtask bench` reads.
    pub(crate) fn criterion(&self) -> Criterion {
        Criterion::default()
            .output_directory(&self.folder.join("criterion"))
            .warm_up_time(Duration::from_millis(500))
            .measurement_time(Duration::from_secs(2))
            .sample_size(10)
    }

    /// Keeps a figure that is no time.
    pub(crate) fn fact(&self, name: &str, value: f64) {
        let path = self.folder.join("facts");
        let mut file = fs::File::options().create(true).append(true).open(path).unwrap();
        writeln!(file, "{name} {value}").unwrap();
    }

    /// A store file of that name.
    pub(crate) fn store(&self, name: &str) -> PathBuf {
        self.folder.join(format!("{name}.db"))
    }
}

/// Removes a store with its journals.
pub(crate) fn remove(store: &Path) {
    for ending in ["", "-wal", "-shm"] {
        let mut path = store.as_os_str().to_owned();
        path.push(ending);
        let _ = fs::remove_file(path);
    }
}
