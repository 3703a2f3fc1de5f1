//! What happened, in lines without a secret.

use std::fmt::Write as _;

use finch_core::{Commit, DisconnectState, Seq, TokenId};

/// The lines so far.
#[derive(Debug, Default)]
pub struct Trace {
    text: String,
    steps: u64,
}

impl Trace {
    pub(crate) fn line(&mut self, line: std::fmt::Arguments<'_>) {
        self.steps += 1;
        let _ = writeln!(self.text, "{:>4} {line}", self.steps);
    }

    /// All lines.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// How many.
    pub fn steps(&self) -> u64 {
        self.steps
    }
}

pub(crate) fn commit(commit: &Commit) -> String {
    let mut said = String::new();
    if commit.absorbs.is_some() {
        said.push_str("merge; ");
    }
    for token in &commit.tokens {
        let (id, state, progress) = (token.id, token.state.name(), &token.progress);
        let _ = match id == TokenId(Seq::OF_COMMIT) {
            true => write!(said, "admit {state} under {}", token.facts.connection_id),
            false => write!(said, "{id} {state}"),
        };
        let acknowledged = if progress.acknowledged.is_some() { " acknowledged" } else { "" };
        let refused = if progress.refused.is_some() { " refused" } else { "" };
        let kind = progress.trouble.as_ref().map(|t| t.failure.kind);
        let _ = write!(said, "{acknowledged}{refused} {kind:?}; ");
    }
    for disconnect in &commit.disconnects {
        said.push_str(match disconnect.state {
            DisconnectState::Open => "disconnect open; ",
            DisconnectState::Ended { .. } => "disconnect ended; ",
            DisconnectState::Merged { .. } => "disconnect merged; ",
        });
    }
    if let Some((attempt, end)) = &commit.attempt {
        let _ = write!(said, "attempt {} {end:?}; ", attempt.0.0);
    }
    said
}
