#![doc = include_str!("../README.md")]

mod args;
mod help;
mod run;

mod commands;

mod interrupt;
mod rescue;
mod secrets;
mod wiring;

mod fail;
mod output;
mod progress;
mod words;

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    no_core_dump();
    run::run(std::env::args_os().collect())
}

/// A process that crashes leaves no picture of its memory on disk: tokens and keys are in it.
fn no_core_dump() {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    // Where the system does not allow it, the command is still worth running.
    let _ = setrlimit(Resource::Core, none);
}
