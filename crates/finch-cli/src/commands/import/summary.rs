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
    pub(super) stored: usize,
    /// Of these, those that a disconnect touches: they are not handed out, or not yet.
    not_in_use: usize,
    already_here: usize,
    failed: BTreeMap<&'static str, usize>,
    failed_lines: Vec<FailedLine>,
    pub(super) ignored_columns: Vec<String>,
    /// Whether it ended before the last line. Run again, it goes on.
    pub(super) stopped: bool,
    #[serde(skip)]
    keeps_all: bool,
}

#[derive(Debug, Serialize)]
struct FailedLine {
    line: u64,
    customer: Option<CustomerId>,
    kind: &'static str,
    why: String,
    what_to_do: String,
}

impl Summary {
    /// With every failed line, or with as many as a person is shown.
    pub(super) fn new(keeps_all: bool) -> Self {
        Self { keeps_all, stopped: true, ..Self::default() }
    }

    /// How many lines are done.
    pub(super) fn done(&self) -> u64 {
        self.lines
    }

    /// A row that cannot be used.
    pub(super) fn bad(&mut self, line: u64, bad: Bad) {
        self.lines += 1;
        let Bad { customer, kind, why, what_to_do } = bad;
        self.fail(FailedLine { line, customer, kind, why, what_to_do: what_to_do.to_owned() });
    }

    /// What became of a row's token.
    pub(super) fn add(&mut self, line: u64, customer: CustomerId, what: ImportedToken) {
        use ImportedToken as I;
        self.lines += 1;
        let (kind, why, what_to_do) = match what {
            I::Stored { state, .. } => {
                self.stored += 1;
                self.not_in_use += usize::from(state != TokenState::Active);
                return;
            }
            I::AlreadyHere { .. } => {
                self.already_here += 1;
                return;
            }
            I::Refused { request_id } => {
                let request = request_id.map(|id| format!(", request {id}")).unwrap_or_default();
                let why = format!(
                    "Finch refuses the token: it was revoked, or is not a Finch token{request}"
                );
                let what_to_do = "check the token; if it is the right one, let the customer connect \
                                  again: finch connect";
                ("refused", why, what_to_do.to_owned())
            }
            I::Foreign => (
                "foreign",
                "this token is another customer's here".to_owned(),
                "find out whose it is: each token belongs to one customer".to_owned(),
            ),
            I::Conflict { connection_id } => (
                "conflict",
                format!(
                    "it is stored, and quarantined: connection {connection_id} belongs to another \
                     provider or employer here"
                ),
                format!("finch show {connection_id}; then end it, or leave it: finch attention"),
            ),
            I::OtherApplication { client_id } => (
                "other_application",
                format!("Finch issued it to another application, {client_id}"),
                "import it into that application's store".to_owned(),
            ),
            I::OtherConnection { connection_id } => (
                "other_connection",
                format!("it belongs to connection {connection_id}, and the line names another"),
                "correct the line's connection_id, or find out whose token it is".to_owned(),
            ),
            I::Undecided { failure } => {
                ("undecided", failure.to_string(), failure.advice().next_step.into_owned())
            }
            _ => ("unknown", "it was not stored".to_owned(), "finch attention".to_owned()),
        };
        self.fail(FailedLine { line, customer: Some(customer), kind, why, what_to_do });
    }

    fn fail(&mut self, mut failed: FailedLine) {
        *self.failed.entry(failed.kind).or_default() += 1;
        if self.keeps_all || self.failed_lines.len() < SHOWN {
            // The columns may be named the wrong way round: then the "customer" is a token.
            failed.customer = failed.customer.filter(|id| !may_hold_token(id.as_str()));
            self.failed_lines.push(failed);
        }
    }

    fn failures(&self) -> usize {
        self.failed.values().sum()
    }
}

impl Report for Summary {
    fn human(&self, sheet: &mut Sheet) {
        let mut done = |number: usize, what: String| {
            if number > 0 {
                sheet.done(&what);
            }
        };
        done(self.stored, count(self.stored, "token is stored", "tokens are stored"));
        let here = count(self.already_here, "token was here already", "tokens were here already");
        done(self.already_here, here);
        if self.lines == 0 && !self.stopped {
            sheet.open("There was no token to import.");
        }
        if self.not_in_use > 0 {
            let many = count(self.not_in_use, "of them is", "of them are");
            let text =
                format!("{many} not in use, or not yet, because of a disconnect: finch reconcile");
            sheet.open(&text);
        }
        if self.failures() > 0 {
            let kinds: Vec<_> = self.failed.iter().map(|(kind, n)| format!("{n} {kind}")).collect();
            let many = count(self.failures(), "line failed", "lines failed");
            let text = format!("{many} ({})", kinds.join(", "));
            sheet.open(&bold(&text));
        }
        for failed in &self.failed_lines {
            let customer = failed.customer.as_ref();
            let whose = customer.map(|id| format!(", customer {id}")).unwrap_or_default();
            sheet.gap();
            sheet.text("  ", &format!("line {}{whose}: {}", failed.line, failed.why));
            sheet.text("    ", &dim(&failed.what_to_do));
        }
        let more = self.failures().saturating_sub(self.failed_lines.len());
        if more > 0 {
            sheet.gap();
            sheet.text("  ", &format!("and {more} more, which --json lists"));
        }
        if !self.ignored_columns.is_empty() {
            sheet.gap();
            let text = format!("Not used: {}", self.ignored_columns.join(", "));
            sheet.text("", &dim(&text));
        }
        if self.stopped {
            sheet.gap();
            sheet.text("", "Stopped before the last line. Run the same again: it goes on.");
        }
    }

    fn exit(&self) -> Exit {
        let left = self.failures() > 0 || self.not_in_use > 0 || self.stopped;
        if left { Exit::LeftOpen } else { Exit::Done }
    }
}
