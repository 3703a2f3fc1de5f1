//! What an import has done, and what it has not.

use std::collections::BTreeMap;

use finch_app::ImportedToken;
use finch_core::{CustomerId, TokenState, may_hold_token};
use serde::Serialize;

use super::row::Bad;
use crate::{
    fail::Exit,
    output::{Report, Text},
};

/// A person is shown no more lines than this.
const SHOWN: usize = 20;

#[derive(Debug, Default, Serialize)]
pub(super) struct Summary {
    /// Lines with a token, or with what should be one.
    pub(super) lines: u64,
    stored: usize,
    /// Of these, those that a disconnect touches: they are not handed out, or not yet.
    not_in_use: usize,
    already_here: usize,
    failed: BTreeMap<&'static str, usize>,
    failed_lines: Vec<FailedLine>,
    /// Whether it ended before the last line. Run again, it continues.
    pub(super) stopped: bool,
    #[serde(skip)]
    keeps_all: bool,
}

#[derive(Debug, Serialize)]
struct FailedLine {
    line: u64,
    #[serde(flatten)]
    bad: Bad,
}

impl Summary {
    /// With every failed line, or with as many as a person is shown.
    pub(super) fn new(keeps_all: bool) -> Self {
        Self { keeps_all, stopped: true, ..Self::default() }
    }

    /// What became of a row: its token, or why it cannot be used.
    pub(super) fn add(&mut self, line: u64, done: Result<(CustomerId, ImportedToken), Bad>) {
        self.lines += 1;
        let mut bad = match done {
            Ok((_, ImportedToken::Stored { state, .. })) => {
                self.stored += 1;
                self.not_in_use += usize::from(state != TokenState::Active);
                return;
            }
            Ok((_, ImportedToken::AlreadyHere { .. })) => {
                self.already_here += 1;
                return;
            }
            Ok((customer, what)) => Bad { customer: Some(customer), ..not_stored(what) },
            Err(bad) => bad,
        };
        *self.failed.entry(bad.kind).or_default() += 1;
        if self.keeps_all || self.failed_lines.len() < SHOWN {
            // The columns may be named the wrong way round: then the "customer" is a token.
            bad.customer = bad.customer.filter(|id| !may_hold_token(id.as_str()));
            self.failed_lines.push(FailedLine { line, bad });
        }
    }

    fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

/// Why a token is not in use, and what to do.
fn not_stored(what: ImportedToken) -> Bad {
    use ImportedToken as I;
    match what {
        I::Refused { request_id } => {
            let request = request_id.map(|id| format!(", request {id}")).unwrap_or_default();
            Bad::new(
                "refused",
                format!(
                    "Finch refuses the token: it was revoked, or is not a Finch token{request}"
                ),
                "check the token; if it is the right one, let the customer connect again: finch connect",
            )
        }
        I::Foreign => Bad::new(
            "foreign",
            "this token is another customer's here",
            "find out whose it is: each token belongs to one customer",
        ),
        I::Conflict { connection_id } => Bad::new(
            "conflict",
            format!(
                "it is stored, and quarantined: connection {connection_id} belongs to another provider or \
                 employer here"
            ),
            format!("finch show {connection_id}; then end it, or leave it: finch attention"),
        ),
        I::OtherApplication { client_id } => Bad::new(
            "other_application",
            format!("Finch issued it to another application, {client_id}"),
            "import it into that application's store",
        ),
        I::OtherConnection { connection_id } => Bad::new(
            "other_connection",
            format!("it belongs to connection {connection_id}, and the line names another"),
            "correct the line's connection_id, or find out whose token it is",
        ),
        I::Undecided { failure } => {
            Bad::new("undecided", failure.to_string(), failure.advice().next_step)
        }
        _ => Bad::new("unknown", "it was not stored", "finch attention"),
    }
}

impl Report for Summary {
    fn headline(&self) -> Text {
        match (self.exit(), self.lines) {
            (Exit::Done, 0) => "There was no token to import.",
            (Exit::Done, _) => "Every token is imported.",
            _ => "Something is left to do.",
        }
        .into()
    }

    fn next(&self) -> Text {
        let more = self.failures().saturating_sub(self.failed_lines.len());
        let more = (more > 0).then(|| format!("{more} more lines failed, which --json lists"));
        let doubt = (self.not_in_use > 0).then(|| {
            "what is not in use waits for a disconnect: finch reconcile settles it".to_owned()
        });
        let again = self.stopped.then(|| {
            "it stopped before the last line: run the same again, and it continues".to_owned()
        });
        more.into_iter().chain(doubt).chain(again).collect::<Vec<_>>().join("; ").into()
    }

    fn exit(&self) -> Exit {
        let left = self.failures() > 0 || self.not_in_use > 0 || self.stopped;
        if left { Exit::LeftOpen } else { Exit::Done }
    }
}
