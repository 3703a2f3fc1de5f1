//! One thing to do, as a person sees it: a heading, its output, how it ended and how long it took.

use std::fmt;
use std::io::{self, Write as _};
use std::time::Instant;

/// Why a step failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A command did not succeed; it has said why.
    Command,
    /// What a check found, line by line.
    Problems(Vec<String>),
    /// A step failed; the command repeats it alone.
    Step { name: &'static str, again: String, seconds: f32, cause: Box<Failure> },
    /// A command could not be started, or a file not be read.
    Io(String, io::Error),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Command => Ok(()),
            Self::Problems(problems) => problems.iter().try_for_each(|line| writeln!(f, "{line}")),
            Self::Step { name, again, seconds, cause } => {
                write!(f, "{cause}✗ {name} ({seconds:.1} s). To run it alone: {again}")
            }
            Self::Io(what, error) => writeln!(f, "{what}: {error}"),
        }
    }
}

/// Runs a step under its heading, and says that it went well.
pub(crate) fn step(
    name: &'static str,
    again: &str,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    let started = Instant::now();
    last_step(name, again, work)?;
    say(&format!("✓ {name} ({:.1} s)\n", started.elapsed().as_secs_f32()))
}

/// The same, but when it goes well the last word stays with the work itself.
pub(crate) fn last_step(
    name: &'static str,
    again: &str,
    work: impl FnOnce() -> Result<(), Failure>,
) -> Result<(), Failure> {
    say(&format!("── {name}: {again}"))?;
    let started = Instant::now();
    work().map_err(|cause| Failure::Step {
        name,
        again: again.to_owned(),
        seconds: started.elapsed().as_secs_f32(),
        cause: Box::new(cause),
    })
}

/// Says it now: what a child process prints must come after it.
pub(crate) fn say(line: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")
        .and_then(|()| out.flush())
        .map_err(|error| Failure::Io("standard output".to_owned(), error))
}
