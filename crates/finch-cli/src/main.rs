#![doc = include_str!("../README.md")]

mod args;
mod help;
mod run;

mod commands;

mod bar;
mod interrupt;
mod rescue;
mod secrets;
mod wiring;

mod fail;
mod output;
mod words;

use std::process::ExitCode;

fn main() -> ExitCode {
    run::run(std::env::args_os().collect())
}
