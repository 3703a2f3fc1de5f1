//! `finch doctor`: everything that can be wrong before a command runs, in order. It changes nothing.

mod checks;

use serde::Serialize;

use crate::{
    args::Client,
    fail::{Exit, Failure},
    output::{self, BAD, DIM, GOOD, PLAIN, Report, Sheet, Text, WARN},
};

/// What was checked, in order. What depends on a check that failed is not in it.
#[derive(Serialize)]
struct Findings {
    well: bool,
    checks: Vec<Check>,
}

/// One thing that was checked.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    found: Found,
    says: String,
    #[serde(flatten)]
    failure: Option<Failure>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Good,
    Warning,
    Bad,
}

pub(crate) async fn run(client: &Client, json: bool) -> Result<Exit, Failure> {
    let mut findings = Findings { well: true, checks: Vec::new() };
    checks::all(client, &mut findings).await;
    findings.well = findings.exit() == Exit::Done;
    output::show(&findings, json)
}

impl Findings {
    fn add(&mut self, check: &'static str, found: Found, says: impl Into<String>) {
        self.checks.push(Check { check, found, says: says.into(), failure: None });
    }

    fn good(&mut self, check: &'static str, says: impl Into<String>) {
        self.add(check, Found::Good, says);
    }

    /// Notes a result, and returns what can be used of it. A failure is what any command would fail with.
    fn note<T>(
        &mut self,
        check: &'static str,
        found: Result<T, impl Into<Failure>>,
        says: impl FnOnce(&T) -> String,
    ) -> Option<T> {
        match found {
            Ok(found) => {
                self.good(check, says(&found));
                Some(found)
            }
            Err(error) => {
                let failure = error.into();
                let says = failure.message.clone();
                self.checks.push(Check { check, found: Found::Bad, says, failure: Some(failure) });
                None
            }
        }
    }
}

impl Report for Findings {
    fn headline(&self) -> Text {
        let has = |found| self.checks.iter().any(|check| check.found == found);
        match (has(Found::Bad), has(Found::Warning)) {
            (true, _) => "Something is wrong.".into(),
            (false, true) => "It works, but for what is marked.".into(),
            (false, false) => "All is well.".into(),
        }
    }

    fn human(&self, sheet: &mut Sheet) {
        for check in &self.checks {
            let mark = match check.found {
                Found::Good => format!("{GOOD}✓"),
                Found::Warning => format!("{WARN}!"),
                Found::Bad => format!("{BAD}✗"),
            };
            sheet.text(&format!("{mark}{PLAIN} {DIM}{:<14}{PLAIN} ", check.check), &check.says);
            for (label, text) in check.failure.iter().flat_map(Failure::reasons) {
                sheet.text(&format!("{:17}{DIM}{label:<8}{PLAIN} ", ""), &text);
            }
        }
        sheet.gap();
        sheet.line(self.headline());
    }

    /// The first of these, as they depend on one another: settings, the store, Finch.
    fn exit(&self) -> Exit {
        let failures = self.checks.iter().filter_map(|check| check.failure.as_ref());
        failures.map(|failure| failure.exit).min().unwrap_or(Exit::Done)
    }
}
