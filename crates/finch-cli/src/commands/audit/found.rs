//! What an audit has found, with what to do about each.

use finch_app::{Audit, Drift, Finding};
use serde::Serialize;

use crate::{
    fail::Exit,
    output::{Report, Sheet, bold, dim, good, warn},
    words::{count, moment},
};

#[derive(Serialize)]
pub(super) struct Found {
    started_at: finch_app::Timestamp,
    /// Whether an earlier run was continued.
    resumed: bool,
    fix: bool,
    connections: u64,
    asked: u64,
    findings: Vec<Item>,
}

#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    what: Finding,
    what_to_do: String,
}

impl Found {
    pub(super) fn new(audit: Audit, resumed: bool) -> Self {
        let Audit { started_at, fix, connections, asked, findings, .. } = audit;
        let item = |what: Finding| Item { what_to_do: words(&what).1, what };
        let findings = findings.into_iter().map(item).collect();
        Self { started_at, resumed, fix, connections, asked, findings }
    }
}

/// What it is, and what to do about it.
fn words(found: &Finding) -> (String, String) {
    let id = found.connection_id.as_ref().map_or("CONNECTION", |id| id.as_str());
    let customer = found.customers.first().map_or("ID".to_owned(), |id| format!("'{id}'"));
    let connect = format!("finch connect --customer {customer}");
    let disconnect = format!("finch disconnect {id}");
    let (headline, step) = match &found.drift {
        Drift::DeadInUse { .. } => (
            "Dead at Finch, and in use here",
            match found.fixed {
                true => format!("it is marked as ended; its customer connects again: {connect} …"),
                false => "finch audit --fix; then its customer connects again".to_owned(),
            },
        ),
        Drift::AliveThoughEnded { state, .. } => {
            let step = match state.as_str() {
                _ if found.fixed => "nothing: it has ended since".to_owned(),
                "fenced" => "finch reconcile continues its end; finch attention says what is in the way".to_owned(),
                "quarantined" => format!("find out whose it is (finch show {id}); then end it: {disconnect}"),
                _ => format!("finch reconcile ends it where nothing of the connection is in use; else see what that would hit: {disconnect} --dry-run"),
            };
            return (format!("Alive and billed at Finch, though {state} here"), step);
        }
        Drift::AliveThoughClosed { .. } => (
            "Alive and billed at Finch, though an operator said that it had ended",
            format!("find out what is in use (finch show {id}); then end it for good: {disconnect}"),
        ),
        Drift::NeedsReauth { .. } => {
            ("The employer must authenticate again", format!("{connect} --reauthenticate {id}"))
        }
        Drift::BilledTwice { connection_ids } => {
            let step = format!("ask Finch's support to end all but one; {disconnect} ends them all, and the customers connect again");
            return (format!("Billed {} times: one employer at one provider", connection_ids.len()), step);
        }
        Drift::PossibleOrphan { exchange, .. } => (
            "A token may exist at Finch that is stored nowhere",
            format!(
                "connect the customer again: {connect} …; or, if Finch's dashboard shows no such \
                 connection: finch close --exchange {exchange} --reason TEXT"
            ),
        ),
        Drift::Unused { since } => {
            return (format!("Not used since {}, and billed", moment(*since)), format!("if it is not needed: {disconnect}"));
        }
        Drift::Vouched { .. } => (
            "Ended on an operator's word: Finch cannot be asked",
            "look in Finch's dashboard whether it has ended; if it has not, connect the customer again, and disconnect".to_owned(),
        ),
        Drift::SecretUnreadable => (
            "A secret cannot be unsealed: Finch cannot be asked",
            format!("restore the key or a backup of the store; or: {connect} --reauthenticate {id}, then {disconnect}"),
        ),
        Drift::NoAnswer { failure } => {
            ("Finch does not say whether a token lives", failure.advice().next_step.into_owned())
        }
        _ => ("Something that this release has no words for", format!("finch show {id}")),
    };
    (headline.to_owned(), step)
}

impl Report for Found {
    fn human(&self, sheet: &mut Sheet) {
        for Item { what, what_to_do } in &self.findings {
            sheet.gap();
            let mark = if what.fixed { good("✓") } else { warn("!") };
            sheet.text(&format!("{mark} "), &bold(&words(what).0));
            sheet.pairs("connection_id", &what.connection_id);
            if let Drift::BilledTwice { connection_ids } = &what.drift {
                sheet.list("alive", connection_ids);
            }
            if let Some(provider) = &what.provider_id {
                sheet.place(provider, what.company_id.as_ref());
            }
            sheet.list("customers", &what.customers);
            evidence(&what.drift, sheet);
            sheet.pair("what to do", what_to_do);
        }
        sheet.gap();
        let many = count(self.asked as usize, "token", "tokens");
        let of = count(self.connections as usize, "connection", "connections");
        if self.findings.is_empty() {
            sheet.done(&format!("Finch and the store agree: {many} of {of} asked about."));
        } else {
            let found = count(self.findings.len(), "finding", "findings");
            sheet.paragraph(&dim(&format!("{found}; {many} of {of} asked about.")));
        }
    }

    fn exit(&self) -> Exit {
        let open = self.findings.iter().any(|item| !item.what.fixed);
        if open { Exit::LeftOpen } else { Exit::Done }
    }
}

/// What it is known by.
fn evidence(drift: &Drift, sheet: &mut Sheet) {
    match drift {
        Drift::PossibleOrphan { exchange, began_at } => {
            sheet.pair("exchange", &format!("{exchange}, of {}", moment(*began_at)));
        }
        Drift::Vouched { operator, reason, at } => {
            sheet.pair("because", &format!("{operator}: {reason}, {}", moment(*at)));
        }
        Drift::NoAnswer { failure } => sheet.pair("because", &failure.to_string()),
        _ => {}
    }
}
