#![doc = include_str!("../README.md")]

mod args;
mod run;

mod commands;

mod interrupt;
mod rescue;
mod secrets;
mod wiring;

mod facts;
mod fail;
mod output;
mod progress;

use std::process::ExitCode;

use rustix::process::{Resource, Rlimit, setrlimit};

fn main() -> ExitCode {
    // A process that crashes leaves no picture of its memory on disk: tokens and keys are in it. Where the
    // system does not allow that, the command is still worth running.
    let _ = setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) });
    run::run(std::env::args_os().collect())
}
