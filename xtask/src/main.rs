#![doc = include_str!("../README.md")]
#![expect(clippy::print_stderr, reason = "a command for people: its output is what it is for")]

mod bench;
mod browser;
mod cargo;
mod ci;
mod deny;
mod layers;
mod soak;
mod step;
mod tidy;
mod workspace;

use std::process::ExitCode;

use clap::Parser;

/// Work on the project itself.
#[derive(Debug, Parser)]
#[command(bin_name = "cargo xtask")]
enum Command {
    /// Build and test the whole workspace
    Test,
    /// All of what CI runs: fmt, tidy, layers, deny, clippy, features, doc, test
    Ci,
    /// Check that no crate depends on what its layer forbids
    Layers,
    /// Check licences, sources, and what is not wanted or there twice
    Deny,
    /// Check what neither compiler nor clippy sees
    Tidy,
    /// Run the layers of tests that are driven by seeds, round after round
    Soak(soak::Soak),
    /// Measure every figure beside its limit
    Bench(bench::Bench),
}

fn main() -> ExitCode {
    let outcome = match Command::parse() {
        Command::Test => ci::test(),
        Command::Ci => ci::all(),
        Command::Layers => ci::layers(),
        Command::Deny => ci::deny(),
        Command::Tidy => ci::tidy(),
        Command::Soak(soak) => soak.run(),
        Command::Bench(bench) => bench.run(),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
