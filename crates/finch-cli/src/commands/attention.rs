//! `finch attention`: what needs a person, with what to do.

use finch_app::{Attention, Matter, PossibleOrphan};
use serde::Serialize;

use super::Advised;
use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Text},
};

#[derive(Serialize)]
struct NeedsAPerson {
    attention: Vec<Advised<Attention>>,
    possible_orphans: Vec<Advised<PossibleOrphan>>,
    /// Exchanges that run now, or whose process has died: after 10 minutes they are possible orphans.
    unfinished_exchanges: Vec<PossibleOrphan>,
    /// Connections on which the reconciler continues by itself.
    goes_on_by_itself: usize,
}

pub(crate) async fn run(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let found = finch.attention(&scope).all().await?;
    let stuck = found.iter().filter(|what| what.matter != Matter::Quarantined);
    let mut stuck: Vec<_> = stuck.map(|what| what.connection_id.clone()).collect();
    stuck.dedup();
    let unfinished = finch.unfinished_connections(&scope).await?;
    let attention =
        found.into_iter().map(|what| Advised { what_to_do: what_to_do(&what), what }).collect();
    let report = NeedsAPerson {
        attention,
        unfinished_exchanges: finch.unfinished_exchanges(&scope).all().await?,
        goes_on_by_itself: unfinished.saturating_sub(stuck.len()),
        possible_orphans: lost(finch.possible_orphans(&scope).all().await?),
    };
    output::show(&report, json)
}

fn what_to_do(what: &Attention) -> String {
    let id = &what.connection_id;
    let close = format!("once Finch's support has ended it: finch close {id} --reason TEXT");
    let step = what.failure.as_ref().map(|failure| failure.advice().next_step);
    match (what.matter, step) {
        (Matter::NoReadableToken, _) => {
            let customer = what.customers.first().map_or("ID", |customer| customer.as_str());
            format!(
                "put the right key in place; or let the employer authenticate once more, and the new token \
                 ends it: finch connect --customer '{customer}' --reauthenticate {id}; or, {close}"
            )
        }
        (Matter::DisconnectStuck, Some(step)) => format!("{step}; or, {close}"),
        (Matter::DisconnectStuck, None) => close,
        (Matter::Quarantined, _) => {
            format!("find out whose it is (finch show {id}); then end it: finch disconnect {id}")
        }
        (_, step) => step.map_or("finch reconcile".to_owned(), |step| step.into_owned()),
    }
}

/// Exchanges whose token may exist at Finch without being stored, with what to do about each.
pub(crate) fn lost(orphans: Vec<PossibleOrphan>) -> Vec<Advised<PossibleOrphan>> {
    let advised = |what: PossibleOrphan| {
        let renewed = what.reauthenticates.as_ref();
        let again = renewed.map(|id| format!(" --reauthenticate {id}")).unwrap_or_default();
        let what_to_do = format!(
            "a token may exist at Finch that is stored nowhere: connect the customer again, and one \
             disconnect ends both: finch connect --customer '{}'{again} …; or, if Finch's dashboard shows \
             no such connection: finch close --exchange {} --reason TEXT",
            what.customer, what.exchange.0.0
        );
        Advised { what, what_to_do }
    };
    orphans.into_iter().map(advised).collect()
}

impl Report for NeedsAPerson {
    fn headline(&self) -> Text {
        let nothing = self.exit() == Exit::Done;
        if nothing { "Nothing needs a person." } else { "A person is needed." }.into()
    }

    fn exit(&self) -> Exit {
        let nothing = self.attention.is_empty() && self.possible_orphans.is_empty();
        if nothing { Exit::Done } else { Exit::LeftOpen }
    }
}
