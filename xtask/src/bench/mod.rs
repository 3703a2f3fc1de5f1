//! `cargo xtask bench`: every figure beside its limit, in one run, as one table.

mod table;

use std::env;
use std::fs;
use std::path::PathBuf;

use crate::cargo;
use crate::step::{Failure, last_step, say};
use crate::workspace::root;
use table::Measured;

/// How much is measured.
#[derive(Clone, Debug, clap::Args)]
pub(crate) struct Bench {
    /// Smaller stores, and fewer requests
    #[arg(long)]
    quick: bool,
    /// The groups whose name contains this
    #[arg(long, value_name = "GROUP")]
    only: Option<String>,
}

impl Bench {
    /// Measures, and prints the table. A goal that is not reached is no failure.
    pub(crate) fn run(&self) -> Result<(), Failure> {
        let target = env::var_os("CARGO_TARGET_DIR").map(PathBuf::from);
        let target = target.unwrap_or_else(|| root().join("target"));
        let folder = target.join("bench");
        let finch = format!("finch{}", env::consts::EXE_SUFFIX);
        let binary = target.join("release").join(finch).display().to_string();
        // Both packages each time, so that both commands build with the same features.
        let packages = ["-p", "finch-cli", "-p", "finch-bench", "--bench", "figures"];
        let build = [&["build", "--release", "--bin", "finch"][..], &packages].concat();
        last_step("build", &format!("cargo {}", build.join(" ")), || cargo::run(&build, &[]))?;
        // The results of an earlier run would be taken for this one's.
        let _ = fs::remove_dir_all(folder.join("criterion"));
        let _ = fs::remove_file(folder.join("facts"));
        let path = folder.display().to_string();
        let mut variables = vec![("FINCH_BENCH_FOLDER", &*path), ("FINCH_BENCH_BINARY", &*binary)];
        if self.quick {
            variables.push(("FINCH_BENCH_QUICK", "1"));
        }
        variables.extend(self.only.as_deref().map(|only| ("FINCH_BENCH_ONLY", only)));
        let bench = [&["bench"][..], &packages].concat();
        last_step("bench", "cargo xtask bench", || cargo::run(&bench, &variables))?;
        say(&table::table(&Measured::in_folder(&folder)))
    }
}
