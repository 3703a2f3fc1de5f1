//! `finch completions`: what completes commands in a shell.

use clap::CommandFactory as _;

use crate::{
    args::{Args, CompletionsArgs},
    fail::{Exit, Failure},
    output,
};

pub(crate) fn run(args: &CompletionsArgs) -> Result<Exit, Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "finch", &mut script);
    output::write(std::io::stdout().lock(), &String::from_utf8_lossy(&script))?;
    Ok(Exit::Done)
}
