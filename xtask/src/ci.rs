//! The steps of CI. What is quick comes first; the tests have the last word.

use std::{
    env,
    hash::{BuildHasher as _, Hasher as _, RandomState},
};

use crate::step::{Failure, last_step, step};
use crate::{browser, cargo, deny, layers, tidy};

/// Where the seeds of the tests begin.
pub(crate) const SEED_BASE: &str = "FINCH_SEED_BASE";

/// Drawn by chance, and small: each base has many seeds of its own.
pub(crate) fn fresh_base() -> u64 {
    RandomState::new().build_hasher().finish() % 1_000_000_000
}

/// All of them, up to the first that fails.
pub(crate) fn all() -> Result<(), Failure> {
    cargo_step("fmt", &["fmt", "--all", "--check"], &[])?;
    tidy()?;
    layers()?;
    deny()?;
    cargo_step(
        "clippy",
        &["clippy", "--workspace", "--all-targets", "--all-features", "--", "-D", "warnings"],
        &[],
    )?;
    // A host with its own adapters builds without ours.
    cargo_step(
        "features",
        &[
            "check",
            "-p",
            "finch-core",
            "-p",
            "finch-app",
            "-p",
            "finch-web",
            "--no-default-features",
        ],
        &[],
    )?;
    cargo_step(
        "doc",
        &["doc", "--workspace", "--no-deps", "--all-features"],
        &[("RUSTDOCFLAGS", "-D warnings")],
    )?;
    cargo_step("demo", &["run", "--quiet", "--", "demo"], &[])?;
    test()
}

/// Builds and tests the whole workspace, from fresh seeds unless `FINCH_SEED_BASE` says which.
pub(crate) fn test() -> Result<(), Failure> {
    let base = env::var(SEED_BASE).unwrap_or_else(|_| fresh_base().to_string());
    last_step("test", &format!("{SEED_BASE}={base} cargo xtask test"), || {
        browser::install()?;
        // The figures measure, and have no test of their own.
        cargo::run(&["test", "--workspace", "--exclude", "finch-bench"], &[(SEED_BASE, &base)])
    })
}

/// No crate depends on what its layer forbids.
pub(crate) fn layers() -> Result<(), Failure> {
    step("layers", "cargo xtask layers", || problems(layers::check()?))
}

/// Licences, sources, bans and duplicate versions are as `deny.toml` says.
pub(crate) fn deny() -> Result<(), Failure> {
    step("deny", "cargo xtask deny", || problems(deny::check()?))
}

/// What neither compiler nor clippy sees.
pub(crate) fn tidy() -> Result<(), Failure> {
    step("tidy", "cargo xtask tidy", || problems(tidy::check()?))
}

fn cargo_step(
    name: &'static str,
    arguments: &[&str],
    variables: &[(&str, &str)],
) -> Result<(), Failure> {
    let mut again = String::new();
    for (variable, value) in variables {
        again += &format!("{variable}=\"{value}\" ");
    }
    again += &format!("cargo {}", arguments.join(" "));
    step(name, &again, || cargo::run(arguments, variables))
}

fn problems(found: Vec<String>) -> Result<(), Failure> {
    match found.is_empty() {
        true => Ok(()),
        false => Err(Failure::Problems(found)),
    }
}
