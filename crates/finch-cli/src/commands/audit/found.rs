//! What an audit has found, with what to do about each.

use finch_app::{Audit, Drift, Finding};
use serde::Serialize;

use crate::{
    fail::{Exit, what_to_do},
    output::{Report, Sheet, bold, dim, good, warn},
    words::{count, list, moment, trouble},
};

#[derive(Serialize)]
pub(super) struct Found {
    started_at: finch_app::Timestamp,
    /// Whether an earlier run was gone on with.
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
        let item = |what: Finding| Item { what_to_do: way_out(&what), what };
        let findings = findings.into_iter().map(item).collect();
        Self { started_at, resumed, fix, connections, asked, findings }
    }
}

fn headline(drift: &Drift) -> String {
    match drift {
        Drift::DeadInUse { .. } => "Dead at Finch, and in use here".to_owned(),
        Drift::AliveThoughEnded { state, .. } => {
            format!("Alive and billed at Finch, though {state} here")
        }
        Drift::AliveThoughClosed { .. } => {
            "Alive and billed at Finch, though an operator said that it had ended".to_owned()
        }
        Drift::NeedsReauth { .. } => "The employer must authenticate again".to_owned(),
        Drift::BilledTwice { connection_ids } => {
            format!("Billed {} times: one employer at one provider", connection_ids.len())
        }
        Drift::PossibleOrphan { .. } => "A token may exist at Finch that nobody has".to_owned(),
        Drift::Unused { since } => format!("Not used since {}, and billed", moment(*since)),
        Drift::Vouched { .. } => "Ended on an operator's word: Finch cannot be asked".to_owned(),
        Drift::SecretUnreadable => "A secret cannot be unsealed: Finch cannot be asked".to_owned(),
        Drift::NoAnswer { .. } => "Finch does not say whether a token lives".to_owned(),
        _ => "Something that this release has no words for".to_owned(),
    }
}

/// What a person can do about it.
fn way_out(found: &Finding) -> String {
    let id = found.connection_id.as_ref().map_or("CONNECTION", |id| id.as_str());
    let customer = found.customers.first().map_or("ID".to_owned(), |id| format!("'{id}'"));
    let disconnect = format!("finch disconnect {id}");
    match &found.drift {
        Drift::DeadInUse { .. } if found.fixed => {
            format!("it is marked as ended; its customer connects again: finch connect --customer {customer} …")
        }
        Drift::DeadInUse { .. } => "finch audit --fix; then its customer connects again".to_owned(),
        Drift::AliveThoughEnded { .. } if found.fixed => "nothing: it has ended since".to_owned(),
        Drift::AliveThoughEnded { state, .. } => match state.as_str() {
            "fenced" => "finch reconcile goes on with its end; finch attention says what is in the way".to_owned(),
            "quarantined" => format!("find out whose it is (finch show {id}); then end it: {disconnect}"),
            _ => format!("finch reconcile ends it where nothing of the connection is in use; else see what that would hit: {disconnect} --dry-run"),
        },
        Drift::AliveThoughClosed { .. } => {
            format!("find out what is in use (finch show {id}); then end it for good: {disconnect}")
        }
        Drift::NeedsReauth { .. } => {
            format!("finch connect --customer {customer} --reauthenticate {id}")
        }
        Drift::BilledTwice { .. } => format!(
            "ask Finch's support to end all but one; {disconnect} ends them all, and the customers connect again"
        ),
        Drift::PossibleOrphan { exchange, .. } => format!(
            "connect the customer again: finch connect --customer {customer} …; or, if Finch's dashboard shows no such \
             connection: finch close --exchange {exchange} --reason TEXT"
        ),
        Drift::Unused { .. } => format!("if nobody needs it: {disconnect}"),
        Drift::Vouched { .. } => {
            "look in Finch's dashboard whether it has ended; if it has not, connect the customer again, and disconnect".to_owned()
        }
        Drift::SecretUnreadable => format!(
            "restore the key or a backup of the store; or: finch connect --customer {customer} --reauthenticate {id}, then {disconnect}"
        ),
        Drift::NoAnswer { failure } => what_to_do(failure).to_owned(),
        _ => format!("finch show {id}"),
    }
}

impl Report for Found {
    fn human(&self, sheet: &mut Sheet) {
        for Item { what, what_to_do } in &self.findings {
            sheet.gap();
            let mark = if what.fixed { good("✓") } else { warn("!") };
            sheet.text(&format!("{mark} "), &bold(&headline(&what.drift)));
            if let Some(id) = &what.connection_id {
                sheet.pair("connection_id", id.as_str());
            }
            if let Drift::BilledTwice { connection_ids } = &what.drift {
                sheet.pair("alive", &list(connection_ids));
            }
            if let Some(id) = &what.provider_id {
                sheet.pair("provider", id.as_str());
                let company = what.company_id.as_ref();
                sheet.pair("employer", company.map_or("not named by Finch yet", |id| id.as_str()));
            }
            if !what.customers.is_empty() {
                sheet.pair("customers", &list(&what.customers));
            }
            because(&what.drift, sheet);
            sheet.pair("what to do", what_to_do);
        }
        sheet.gap();
        let many = count(self.asked as usize, "token", "tokens");
        let of = count(self.connections as usize, "connection", "connections");
        if self.findings.is_empty() {
            let text = format!("Finch and the store agree: {many} of {of} asked about.");
            sheet.text(&format!("{} ", good("✓")), &text);
        } else {
            let found = count(self.findings.len(), "finding", "findings");
            sheet.text("", &dim(&format!("{found}; {many} of {of} asked about.")));
        }
    }

    fn exit(&self) -> Exit {
        let open = self.findings.iter().any(|item| !item.what.fixed);
        if open { Exit::LeftOpen } else { Exit::Done }
    }
}

/// What it is known by.
fn because(drift: &Drift, sheet: &mut Sheet) {
    match drift {
        Drift::DeadInUse { request_id: Some(id) }
        | Drift::AliveThoughEnded { request_id: Some(id), .. }
        | Drift::AliveThoughClosed { request_id: Some(id) }
        | Drift::NeedsReauth { request_id: Some(id) } => sheet.pair("request", id.as_str()),
        Drift::PossibleOrphan { exchange, began_at } => {
            sheet.pair("exchange", &format!("{exchange}, of {}", moment(*began_at)));
        }
        Drift::Vouched { operator, reason, at } => {
            sheet.pair("because", &format!("{operator}: {reason}, {}", moment(*at)));
        }
        Drift::NoAnswer { failure } => sheet.pair("because", &trouble(failure)),
        _ => {}
    }
}
