//! `finch doctor`: everything that can be wrong before a command runs, in order. It changes nothing.

mod settings;
mod store;

use serde::Serialize;

use crate::{
    args::Client,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bad, dim, good, warn},
    words::count,
};

/// What was checked, in order.
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
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    because: Vec<String>,
    #[serde(skip_serializing_if = "str::is_empty")]
    help: Box<str>,
    #[serde(skip)]
    exit: Exit,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Found {
    Good,
    Warning,
    Bad,
    NotChecked,
}

pub(crate) async fn run(client: &Client, json: bool) -> Result<Exit, Failure> {
    let mut findings = Findings { well: true, checks: Vec::new() };
    let settings = settings::check(client, &mut findings);
    store::check(&settings, &mut findings).await;
    settings::check_finch(&settings, &mut findings).await;
    findings.well = findings.exit() == Exit::Done;
    output::show(&findings, json)
}

impl Findings {
    fn add(&mut self, check: &'static str, found: Found, says: impl Into<String>, help: &str) {
        let (says, help, exit) = (says.into(), help.into(), Exit::Done);
        let (kind, because) = (None, Vec::new());
        self.checks.push(Check { check, found, says, kind, because, help, exit });
    }

    fn good(&mut self, check: &'static str, says: impl Into<String>) {
        self.add(check, Found::Good, says, "");
    }

    fn warning(&mut self, check: &'static str, says: impl Into<String>, help: &str) {
        self.add(check, Found::Warning, says, help);
    }

    fn not_checked(&mut self, check: &'static str, why: &str) {
        self.add(check, Found::NotChecked, format!("not checked: {why}"), "");
    }

    /// What any command would fail with.
    fn bad(&mut self, check: &'static str, failure: Failure) {
        let Failure { exit, kind, message: says, mut because, help, request_id, .. } = failure;
        because.extend(request_id.map(|id| format!("Finch's request id: {id}")));
        let (kind, found) = (Some(kind), Found::Bad);
        self.checks.push(Check { check, found, says, kind, because, help, exit });
    }

    /// Notes a result, and returns what can be used of it.
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
                self.bad(check, error.into());
                None
            }
        }
    }
}

impl Report for Findings {
    fn human(&self, sheet: &mut Sheet) {
        for check in &self.checks {
            let (mark, says) = match check.found {
                Found::Good => (good("✓"), check.says.clone()),
                Found::Warning => (warn("!"), check.says.clone()),
                Found::Bad => (bad("✗"), check.says.clone()),
                Found::NotChecked => (dim("·"), dim(&check.says)),
            };
            sheet.text(&format!("{mark} {} ", dim(&format!("{:<14}", check.check))), &says);
            let causes = check.because.iter().map(|cause| ("because:", &**cause));
            let help = (!check.help.is_empty()).then_some(("do:     ", &*check.help));
            for (label, text) in causes.chain(help) {
                sheet.text(&format!("{:17}{} ", "", dim(label)), text);
            }
        }
        let of = |found| self.checks.iter().filter(|check| check.found == found).count();
        sheet.gap();
        match (of(Found::Bad), of(Found::Warning)) {
            (0, 0) => sheet.done("All is well."),
            (0, _) => sheet.open("It works, but for what is marked."),
            (wrong, _) => sheet.wrong(&count(wrong, "thing is wrong.", "things are wrong.")),
        }
    }

    /// The first of these, as they depend on one another: settings, the store, Finch.
    fn exit(&self) -> Exit {
        let wrong = self.checks.iter().map(|check| check.exit).filter(|exit| *exit != Exit::Done);
        wrong.min().unwrap_or(Exit::Done)
    }
}
