//! `finch attention`: what needs a person, with what to do.

use finch_app::{Attention, Finch, Matter, OperatorScope, PossibleOrphan};
use finch_core::ABANDONED_AFTER;
use serde::Serialize;

use super::orphans;
use crate::{
    args::AttentionArgs,
    fail::{Exit, Failure, what_to_do},
    output::{self, Report, Sheet, bold, dim, good, warn},
    wiring::{self, Scope},
    words::{count, list, moment, trouble},
};

const PAGE: usize = 100;

#[derive(Serialize)]
struct NeedsAPerson {
    attention: Vec<Item>,
    possible_orphans: Vec<Lost>,
    /// Exchanges that run now, or whose process has died: after 10 minutes they are possible orphans.
    unfinished_exchanges: Vec<Lost>,
    /// Connections on which the reconciler goes on by itself.
    goes_on_by_itself: usize,
}

#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    what: Attention,
    what_to_do: String,
}

#[derive(Serialize)]
struct Lost {
    exchange: u64,
    #[serde(flatten)]
    what: PossibleOrphan,
}

pub(crate) async fn run(args: &AttentionArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.operator.scope()?;
    let finch = wiring::open(&args.client).await?;
    let attention = all(&finch, &scope).await?;
    let mut goes_on_by_itself = finch.unfinished_connections(&scope).await?;
    goes_on_by_itself = goes_on_by_itself.saturating_sub(stuck(&attention));
    let unfinished = finch.unfinished_exchanges(&scope, PAGE).await?;
    let possible_orphans = orphans::possible_orphans(&finch, &Scope::Operator(scope)).await?;
    let lost = |found: Vec<PossibleOrphan>| {
        found.into_iter().map(|what| Lost { exchange: what.id.0.0, what }).collect()
    };
    let report = NeedsAPerson {
        attention,
        possible_orphans: lost(possible_orphans),
        unfinished_exchanges: lost(unfinished),
        goes_on_by_itself,
    };
    output::print(&report, json)?;
    Ok(report.exit())
}

async fn all(finch: &Finch, scope: &OperatorScope) -> Result<Vec<Item>, Failure> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let page = finch.attention(scope, from, PAGE).await?;
        let item = |what: Attention| Item { what_to_do: way_out(&what), what };
        found.extend(page.items.into_iter().map(item));
        from = page.next;
        if from.is_none() {
            return Ok(found);
        }
    }
}

/// Connections with work that are listed for a person already.
fn stuck(attention: &[Item]) -> usize {
    let mut ids: Vec<_> = attention
        .iter()
        .filter(|item| item.what.matter != Matter::Quarantined)
        .map(|item| &item.what.connection_id)
        .collect();
    ids.dedup();
    ids.len()
}

fn headline(what: &Attention) -> String {
    let tokens = count(what.tokens, "token", "tokens");
    match what.matter {
        Matter::NoReadableToken => {
            format!("A disconnect lacks a token: {tokens} cannot be unsealed, and Finch bills on")
        }
        Matter::DisconnectStuck => format!("A disconnect is stuck: {tokens} without proof"),
        Matter::Quarantined => {
            format!("{tokens} quarantined: not used here, and billed until disconnected")
        }
        Matter::InDoubt => format!("{tokens} in doubt, and Finch does not settle it"),
        _ => format!("{tokens} of this connection"),
    }
}

/// What a person can do about it.
fn way_out(what: &Attention) -> String {
    let id = &what.connection_id;
    let customer =
        what.customers.first().map_or_else(|| "ID".to_owned(), |customer| format!("'{customer}'"));
    let close = format!("finch close {id} --reason TEXT");
    match what.matter {
        Matter::NoReadableToken => format!(
            "put the right key in place; or let the employer authenticate once more, and the new token ends it: \
             finch connect --customer {customer} --reauthenticate {id}; or, once Finch's support has ended it: {close}"
        ),
        Matter::DisconnectStuck => match &what.failure {
            Some(failure) => {
                format!("{}; if Finch's support has ended it: {close}", what_to_do(failure))
            }
            None => close,
        },
        Matter::Quarantined => {
            format!("find out whose it is (finch show {id}); then end it: finch disconnect {id}")
        }
        _ => match &what.failure {
            Some(failure) => what_to_do(failure).to_owned(),
            None => "finch reconcile".to_owned(),
        },
    }
}

impl Report for NeedsAPerson {
    fn human(&self, sheet: &mut Sheet) {
        for Item { what, what_to_do } in &self.attention {
            sheet.gap();
            sheet.text(&format!("{} ", warn("!")), &bold(&headline(what)));
            sheet.pair("connection_id", what.connection_id.as_str());
            sheet.pair("provider", what.provider_id.as_str());
            let company = what.company_id.as_ref();
            sheet.pair("employer", company.map_or("not named by Finch yet", |id| id.as_str()));
            if !what.customers.is_empty() {
                sheet.pair("customers", &list(&what.customers));
            }
            if let Some(failure) = &what.failure {
                sheet.pair("because", &format!("{}, {}", trouble(failure), moment(what.at)));
            } else {
                sheet.pair("since", &moment(what.at));
            }
            if let Some(next_try) = what.next_try {
                sheet.pair("next try", &format!("from {} on, by itself", moment(next_try)));
            }
            sheet.pair("what to do", what_to_do);
        }
        for Lost { exchange, what } in &self.possible_orphans {
            sheet.gap();
            let headline = "A token may exist at Finch that nobody has";
            sheet.text(&format!("{} ", warn("!")), &bold(headline));
            sheet.pair("customer", what.customer.as_str());
            sheet.pair("exchange", &format!("{exchange}, of {}", moment(what.began_at)));
            let why = match &what.failure {
                Some(failure) => trouble(failure),
                None => "the process ended before Finch's answer came".to_owned(),
            };
            sheet.pair("because", &why);
            let renewed = what.reauthenticates.as_ref();
            let again = renewed.map(|id| format!(" --reauthenticate {id}")).unwrap_or_default();
            sheet.pair(
                "what to do",
                &format!(
                    "connect the customer again, and one disconnect ends both: finch connect --customer \
                     '{}'{again} …; or, if Finch's dashboard shows no such connection: finch close --exchange \
                     {exchange} --reason TEXT",
                    what.customer
                ),
            );
        }
        if self.attention.is_empty() && self.possible_orphans.is_empty() {
            sheet.text(&format!("{} ", good("✓")), "Nothing needs a person.");
        }
        sheet.gap();
        if self.goes_on_by_itself > 0 {
            let many = count(self.goes_on_by_itself, "connection has", "connections have");
            let text = format!("{many} work left that goes on by itself: finch reconcile");
            sheet.text("", &dim(&text));
        }
        for Lost { exchange, what } in &self.unfinished_exchanges {
            let minutes = ABANDONED_AFTER.as_secs() / 60;
            let since = moment(what.began_at);
            sheet.text(
                "",
                &dim(&format!(
                    "Exchange {exchange} of customer {} runs since {since}, or its process has died: after \
                     {minutes} minutes it counts as lost.",
                    what.customer
                )),
            );
        }
    }

    fn exit(&self) -> Exit {
        let nothing = self.attention.is_empty() && self.possible_orphans.is_empty();
        if nothing { Exit::Done } else { Exit::LeftOpen }
    }
}
