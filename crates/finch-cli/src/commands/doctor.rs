//! `finch doctor`: everything that can be wrong before a command runs, in order. It changes nothing.

mod at_finch;
mod settings;
mod store;

use serde::Serialize;

use crate::{
    args::StoreArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bad, dim, good, warn},
    words::count,
};

/// What was looked at, in order.
#[derive(Serialize)]
struct Findings {
    well: bool,
    checks: Vec<Check>,
}

/// One thing that was looked at.
#[derive(Serialize)]
struct Check {
    check: &'static str,
    found: Found,
    says: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    help: String,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Good,
    Warning,
    Bad,
    NotLookedAt,
}

pub(crate) async fn run(args: &StoreArgs, json: bool) -> Result<Exit, Failure> {
    let mut findings = Findings { well: true, checks: Vec::new() };
    let settings = settings::look(&args.client, &mut findings);
    store::look(&settings, &mut findings).await;
    at_finch::look(&settings, &mut findings).await;
    findings.well = findings.exit() == Exit::Done;
    output::print(&findings, json)?;
    Ok(findings.exit())
}

impl Findings {
    fn add(&mut self, check: &'static str, found: Found, says: impl Into<String>) {
        let (says, exit) = (says.into(), Exit::Done);
        let (kind, because, help) = (None, Vec::new(), String::new());
        self.checks.push(Check { check, found, says, kind, because, help, exit });
    }

    fn good(&mut self, check: &'static str, says: impl Into<String>) {
        self.add(check, Found::Good, says);
    }

    fn warning(&mut self, check: &'static str, says: impl Into<String>, help: &str) {
        self.add(check, Found::Warning, says);
        if let Some(last) = self.checks.last_mut() {
            last.help = help.to_owned();
        }
    }

    fn not_looked_at(&mut self, check: &'static str, why: &str) {
        self.add(check, Found::NotLookedAt, format!("not looked at: {why}"));
    }

    /// What any command would fail with.
    fn bad(&mut self, check: &'static str, failure: Failure) {
        let Failure { exit, kind, message, because, help, request_id, .. } = failure;
        let mut because = because;
        because.extend(request_id.map(|id| format!("Finch's request id: {id}")));
        let (says, help, kind, found) = (message, help.into(), Some(kind), Found::Bad);
        self.checks.push(Check { check, found, says, kind, because, help, exit });
    }

    fn note(&mut self, check: &'static str, found: Result<String, Failure>) {
        match found {
            Ok(says) => self.good(check, says),
            Err(failure) => self.bad(check, failure),
        }
    }
}

impl Report for Findings {
    fn human(&self, sheet: &mut Sheet) {
        for check in &self.checks {
            let mark = match check.found {
                Found::Good => good("✓"),
                Found::Warning => warn("!"),
                Found::Bad => bad("✗"),
                Found::NotLookedAt => dim("·"),
            };
            let says = match check.found {
                Found::NotLookedAt => dim(&check.says),
                _ => check.says.clone(),
            };
            sheet.text(&format!("{mark} {} ", dim(&format!("{:<14}", check.check))), &says);
            for (at, cause) in check.because.iter().enumerate() {
                let label = if at == 0 { "because:" } else { "        " };
                sheet.text(&format!("{:17}{} ", "", dim(label)), cause);
            }
            if !check.help.is_empty() {
                sheet.text(&format!("{:17}{} ", "", dim("do:     ")), &check.help);
            }
        }
        let of = |found| self.checks.iter().filter(|check| check.found == found).count();
        let (wrong, doubtful) = (of(Found::Bad), of(Found::Warning));
        sheet.gap();
        sheet.line(match (wrong, doubtful) {
            (0, 0) => format!("{} All is well.", good("✓")),
            (0, _) => format!("{} It works, but for what is marked.", warn("!")),
            (wrong, _) => {
                format!("{} {}", bad("✗"), count(wrong, "thing is wrong.", "things are wrong."))
            }
        });
    }

    /// The first of these, as they depend on one another: settings, the store, Finch.
    fn exit(&self) -> Exit {
        let wrong = self.checks.iter().map(|check| check.exit).filter(|exit| *exit != Exit::Done);
        wrong.min().unwrap_or(Exit::Done)
    }
}
