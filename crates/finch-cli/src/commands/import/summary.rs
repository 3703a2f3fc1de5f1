//! What an import has done, and what it has not.

use std::collections::BTreeMap;

use finch_app::ImportedToken;
use finch_core::{CustomerId, TokenState, may_hold_token};
use serde::Serialize;

use super::row::Bad;
use crate::{
    fail::Exit,
    output::{Report, Sheet, bold, dim},
    words::count,
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
    pub(super) ignored_columns: Vec<String>,
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
    fn human(&self, sheet: &mut Sheet) {
        if self.stored > 0 {
            sheet.done(&count(self.stored, "token is stored", "tokens are stored"));
        }
        if self.already_here > 0 {
            let here = ("token was here already", "tokens were here already");
            sheet.done(&count(self.already_here, here.0, here.1));
        }
        if self.lines == 0 && !self.stopped {
            sheet.open("There was no token to import.");
        }
        if self.not_in_use > 0 {
            let many = count(self.not_in_use, "of them is", "of them are");
            let why = "not in use, or not yet, because of a disconnect: finch reconcile";
            sheet.open(&format!("{many} {why}"));
        }
        if self.failures() > 0 {
            let kinds: Vec<_> = self.failed.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            let many = count(self.failures(), "line failed", "lines failed");
            sheet.open(&bold(&format!("{many} ({})", kinds.join(", "))));
        }
        for FailedLine { line, bad } in &self.failed_lines {
            let whose = bad.customer.as_ref().map(|id| format!(", customer {id}"));
            sheet.gap();
            sheet.text("  ", &format!("line {line}{}: {}", whose.unwrap_or_default(), bad.why));
            sheet.text("    ", &dim(&bad.what_to_do));
        }
        let more = self.failures().saturating_sub(self.failed_lines.len());
        let notes = [
            (more > 0).then(|| format!("  and {more} more, which --json lists")),
            (!self.ignored_columns.is_empty())
                .then(|| dim(&format!("Not used: {}", self.ignored_columns.join(", ")))),
            self.stopped.then(|| {
                "Stopped before the last line. Run the same again: it continues.".to_owned()
            }),
        ];
        for note in notes.into_iter().flatten() {
            sheet.note(&note);
        }
    }

    fn exit(&self) -> Exit {
        let left = self.failures() > 0 || self.not_in_use > 0 || self.stopped;
        if left { Exit::LeftOpen } else { Exit::Done }
    }
}
