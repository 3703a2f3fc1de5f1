//! The steps of CI. What is quick comes first; the tests have the last word.

use std::env;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};

use crate::step::{Failure, last_step, step};
use crate::{browser, cargo, deny, layers, tidy};

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
    // Whoever brings an adapter of their own builds without ours.
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

/// Builds and tests the whole workspace. What is driven by seeds gets new ones each time.
pub(crate) fn test() -> Result<(), Failure> {
    let base = seed_base();
    last_step("test", &format!("{SEED_BASE}={base} cargo xtask test"), || {
        browser::install()?;
        // The figures measure, and have no test of their own.
        let arguments = &["test", "--workspace", "--exclude", "finch-bench"];
        cargo::run(arguments, &[(SEED_BASE, &base)])
    })
}

/// Says where the seeds of a run begin.
const SEED_BASE: &str = "FINCH_SEED_BASE";

/// The base that the environment names, or a random one: small enough that each has a thousand million seeds.
fn seed_base() -> String {
    let random = || (RandomState::new().build_hasher().finish() >> 34).max(1).to_string();
    env::var(SEED_BASE).unwrap_or_else(|_| random())
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
