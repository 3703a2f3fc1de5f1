//! Runs over many tokens that stopped half-way.

use finch_app::RunError;

use super::{Exit, Failure, finch::finch_failed, store_failed};

/// A run that can be gone on with.
pub(crate) fn run_stopped(what: &str, error: &RunError) -> Failure {
    let failure = match error {
        RunError::Finch(error) => finch_failed(what, error),
        RunError::Store(error) => store_failed(what, error),
        _ => Failure::new(Exit::LeftOpen, "stopped", what),
    };
    let help = match failure.help.is_empty() {
        true => "run the same again: it goes on".to_owned(),
        false => format!("{} (it goes on where it stopped)", failure.help),
    };
    failure.help(help)
}
