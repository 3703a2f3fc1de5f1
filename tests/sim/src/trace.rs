//! What happened, in lines without a secret.

use std::fmt::Write as _;

use finch_core::{Commit, Token};

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

/// What a commit writes, in short.
pub(crate) fn commit(commit: &Commit) -> String {
    let token = |token: &Token| (token.id, token.state.name(), token.progress.clone());
    let tokens: Vec<_> = commit.tokens.iter().map(token).collect();
    let disconnects: Vec<_> = commit.disconnects.iter().map(|d| (d.id, d.state)).collect();
    let merge = commit.absorbs.is_some().then_some("merge");
    format!("{merge:?} {tokens:?} {disconnects:?} {:?}", commit.attempt)
}
