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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Bench {
    quick: bool,
    only: String,
}

impl Bench {
    /// Reads `[--quick] [--only GROUP]`.
    pub(crate) fn read(arguments: &[&str]) -> Result<Self, String> {
        let mut bench = Self::default();
        let mut rest = arguments.iter();
        while let Some(name) = rest.next() {
            match *name {
                "--quick" => bench.quick = true,
                "--only" => {
                    bench.only =
                        rest.next().ok_or("--only needs a part of a group's name")?.to_string();
                }
                other => return Err(format!("bench knows no {other}: [--quick] [--only GROUP]")),
            }
        }
        Ok(bench)
    }

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
        if !self.only.is_empty() {
            variables.push(("FINCH_BENCH_ONLY", &self.only));
        }
        let bench = [&["bench"][..], &packages].concat();
        last_step("bench", "cargo xtask bench", || cargo::run(&bench, &variables))?;
        say(&table::table(&Measured::in_folder(&folder)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_are_read() {
        let quick = Bench { quick: true, only: "access".to_owned() };
        assert_eq!(Bench::read(&["--quick", "--only", "access"]), Ok(quick));
        assert_eq!(Bench::read(&[]), Ok(Bench::default()));
        assert!(Bench::read(&["--only"]).is_err());
        assert!(Bench::read(&["--fast"]).is_err());
    }
}
