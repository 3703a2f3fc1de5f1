//! What happened, in lines without a secret; their hash tells whether two histories are the same.

use std::fmt::Write as _;

use finch_core::{Changes, DisconnectChange};

/// The lines so far.
#[derive(Debug, Default)]
pub struct Trace {
    text: String,
    steps: u64,
}

impl Trace {
    /// One more line.
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

    /// The hash of all lines (FNV-1a).
    pub fn hash(&self) -> u64 {
        let step = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3);
        self.text.bytes().fold(0xcbf2_9ce4_8422_2325, step)
    }
}

/// Changes in short.
pub(crate) fn changes(changes: &Changes) -> String {
    let mut said = String::new();
    if let Some(admission) = &changes.admit {
        let (id, state) = (&admission.facts.connection_id, admission.state.name());
        let _ = write!(said, "admit {state} under {id}; ");
    }
    if changes.absorb.is_some() {
        said.push_str("merge; ");
    }
    for token in &changes.tokens {
        let _ = write!(said, "{}", token.id);
        if let Some(state) = &token.state {
            let _ = write!(said, " {}", state.name());
        }
        if let Some(progress) = &token.progress {
            let acknowledged = if progress.acknowledged.is_some() { " acknowledged" } else { "" };
            let refused = if progress.refused.is_some() { " refused" } else { "" };
            let kind = progress.trouble.as_ref().map(|t| t.failure.kind);
            let _ = write!(said, "{acknowledged}{refused} {kind:?}");
        }
        said.push_str("; ");
    }
    for disconnect in &changes.disconnects {
        let word = match disconnect {
            DisconnectChange::Begin(_) => "begin; ",
            DisconnectChange::End(..) => "end; ",
            DisconnectChange::Reopen(_) => "reopen; ",
            DisconnectChange::Merge(..) => "merge disconnects; ",
            DisconnectChange::Join(..) => "join; ",
        };
        said.push_str(word);
    }
    said
}
