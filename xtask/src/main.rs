#![doc = include_str!("../README.md")]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command for people: its output is what it is for"
)]

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

const HELP: &str = "\
Work on the project itself.

Usage: cargo xtask <COMMAND>

Commands:
  test        build and test the whole workspace
  ci          all of what CI runs: fmt, tidy, layers, deny, clippy, features, doc, test
  layers      check that no crate depends on what its layer forbids
  deny        check licences, sources, and what is not wanted or there twice
  soak        the layers of tests for longer: [--minutes N] [--seed S]
  bench       measure every figure beside its limit: [--quick] [--only GROUP]
  tidy        check what neither compiler nor clippy sees
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = match arguments.as_slice() {
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            Ok(())
        }
        ["test"] => ci::test(),
        ["ci"] => ci::all(),
        ["layers"] => ci::layers(),
        ["deny"] => ci::deny(),
        ["tidy"] => ci::tidy(),
        ["bench", options @ ..] => match bench::Bench::read(options) {
            Ok(bench) => bench.run(),
            Err(problem) => {
                eprintln!("{problem}");
                return ExitCode::from(2);
            }
        },
        ["soak", options @ ..] => match soak::Soak::read(options) {
            Ok(soak) => soak.run(),
            Err(problem) => {
                eprintln!("{problem}");
                return ExitCode::from(2);
            }
        },
        other => {
            eprintln!("cargo xtask knows no `{}`.\n\n{HELP}", other.join(" "));
            return ExitCode::from(2);
        }
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::FAILURE
        }
    }
}
