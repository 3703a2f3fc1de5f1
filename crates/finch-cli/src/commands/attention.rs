//! `finch attention`: what needs a person, with what to do.

use finch_app::{Attention, Matter, PossibleOrphan};
use finch_core::ABANDONED_AFTER;
use serde::Serialize;

use super::orphans;
use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, dim},
    words::{count, moment},
};

#[derive(Serialize)]
struct NeedsAPerson {
    attention: Vec<Item>,
    possible_orphans: Vec<PossibleOrphan>,
    /// Exchanges that run now, or whose process has died: after 10 minutes they are possible orphans.
    unfinished_exchanges: Vec<PossibleOrphan>,
    /// Connections on which the reconciler continues by itself.
    goes_on_by_itself: usize,
}

#[derive(Serialize)]
struct Item {
    #[serde(flatten)]
    what: Attention,
    what_to_do: String,
}

pub(crate) async fn run(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let found = finch.attention(&scope).all().await?;
    let stuck = found.iter().filter(|what| what.matter != Matter::Quarantined);
    let mut stuck: Vec<_> = stuck.map(|what| what.connection_id.clone()).collect();
    stuck.dedup();
    let unfinished = finch.unfinished_connections(&scope).await?;
    let report = NeedsAPerson {
        attention: found
            .into_iter()
            .map(|what| Item { what_to_do: what_to_do(&what), what })
            .collect(),
        unfinished_exchanges: finch.unfinished_exchanges(&scope).all().await?,
        goes_on_by_itself: unfinished.saturating_sub(stuck.len()),
        possible_orphans: finch.possible_orphans(&scope).all().await?,
    };
    output::show(&report, json)
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
        Matter::InDoubt => format!("{tokens} that Finch neither accepts nor refuses"),
        _ => format!("{tokens} of this connection"),
    }
}

fn what_to_do(what: &Attention) -> String {
    let id = &what.connection_id;
    let close = format!("finch close {id} --reason TEXT");
    let step = what.failure.as_ref().map(|failure| failure.advice().next_step);
    match (what.matter, step) {
        (Matter::NoReadableToken, _) => {
            let customer = what.customers.first().map_or("ID", |customer| customer.as_str());
            format!(
                "put the right key in place; or let the employer authenticate once more, and the new token \
                 ends it: finch connect --customer '{customer}' --reauthenticate {id}; or, once Finch's \
                 support has ended it: {close}"
            )
        }
        (Matter::DisconnectStuck, Some(step)) => {
            format!("{step}; if Finch's support has ended it: {close}")
        }
        (Matter::DisconnectStuck, None) => close,
        (Matter::Quarantined, _) => {
            format!("find out whose it is (finch show {id}); then end it: finch disconnect {id}")
        }
        (_, step) => step.map_or("finch reconcile".to_owned(), |step| step.into_owned()),
    }
}

impl Report for NeedsAPerson {
    fn human(&self, sheet: &mut Sheet) {
        for Item { what, what_to_do } in &self.attention {
            sheet.gap();
            sheet.open(&bold(&headline(what)));
            sheet.pair("connection_id", what.connection_id.as_str());
            sheet.place(&what.provider_id, what.company_id.as_ref());
            sheet.list("customers", &what.customers);
            match &what.failure {
                Some(failure) => sheet.pair("because", &format!("{failure}, {}", moment(what.at))),
                None => sheet.pair("since", &moment(what.at)),
            }
            let next_try = what.next_try.map(|at| format!("from {} on, by itself", moment(at)));
            sheet.pairs("next try", next_try);
            sheet.pair("what to do", what_to_do);
        }
        orphans::show(&self.possible_orphans, sheet);
        if self.exit() == Exit::Done {
            sheet.done("Nothing needs a person.");
        }
        sheet.gap();
        if self.goes_on_by_itself > 0 {
            let many = count(self.goes_on_by_itself, "connection has", "connections have");
            let text = format!("{many} work left that continues by itself: finch reconcile");
            sheet.paragraph(&dim(&text));
        }
        for what in &self.unfinished_exchanges {
            let text = format!(
                "Exchange {} of customer {} runs since {}, or its process has died: after {} \
                 minutes it counts as lost.",
                what.exchange.0.0,
                what.customer,
                moment(what.began_at),
                ABANDONED_AFTER.as_secs() / 60
            );
            sheet.paragraph(&dim(&text));
        }
    }

    fn exit(&self) -> Exit {
        let nothing = self.attention.is_empty() && self.possible_orphans.is_empty();
        if nothing { Exit::Done } else { Exit::LeftOpen }
    }
}
