//! Running cargo: the one that runs us.

use std::env;
use std::process::{Command, Stdio};

use crate::step::Failure;
use crate::workspace::root;

fn command(arguments: &[&str]) -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs cargo where everyone sees it.
pub(crate) fn run(arguments: &[&str], variables: &[(&str, &str)]) -> Result<(), Failure> {
    let status = command(arguments).envs(variables.iter().copied()).status();
    match status.map_err(not_started)?.success() {
        true => Ok(()),
        false => Err(Failure::Command),
    }
}

/// Runs cargo for what it prints.
pub(crate) fn output(arguments: &[&str]) -> Result<String, Failure> {
    let output = command(arguments).stderr(Stdio::inherit()).output().map_err(not_started)?;
    match output.status.success() {
        true => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        false => Err(Failure::Command),
    }
}

fn not_started(error: std::io::Error) -> Failure {
    Failure::Io("cargo could not be started".to_owned(), error)
}
