//! `finch reconcile`: continue everything that is unfinished.

use std::sync::atomic::{AtomicBool, Ordering};

use finch_app::{Pass, PossibleOrphan, Reconciled};
use serde::Serialize;

use super::{disconnect, orphans, watch};
use crate::{
    args::ReconcileArgs,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Sheet, bold},
    wiring,
    words::count,
};

#[derive(Serialize)]
struct OnePass {
    #[serde(flatten)]
    did: Reconciled,
    /// A signal ended the pass early.
    stopped: bool,
    possible_orphans: Vec<PossibleOrphan>,
    left_open: bool,
}

pub(crate) async fn run(args: &ReconcileArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let finch = wiring::open_to_reconcile(&args.paced.operator.client, args.paced.rate).await?;
    if args.watch {
        return watch::run(&finch, scope, json).await;
    }
    let stopped = AtomicBool::new(false);
    let goes_on = || !stopped.load(Ordering::SeqCst);
    let work = finch.reconcile_while(&scope, Pass::Everything, &goes_on);
    let again = "run `finch reconcile` again: it continues what is stored";
    let did = interrupt::wind_up(work, &stopped, again).await??;
    let possible_orphans = finch.possible_orphans(&scope).all().await?;
    let stopped = !goes_on();
    let left_open = stopped
        || !did.pending.is_empty()
        || did.unverified > 0
        || did.questions.left > 0
        || did.failed > 0
        || !possible_orphans.is_empty();
    let report = OnePass { did, stopped, possible_orphans, left_open };
    Ok(output::done(&report, json))
}

impl Report for OnePass {
    fn human(&self, sheet: &mut Sheet) {
        if self.stopped {
            let text = "A signal ended the pass early: run `finch reconcile` again.";
            sheet.open(text);
        }
        show(&self.did, sheet);
        orphans::show(&self.possible_orphans, sheet);
    }

    fn exit(&self) -> Exit {
        if self.left_open { Exit::LeftOpen } else { Exit::Done }
    }
}

/// What a pass did, and what it left.
pub(crate) fn show(did: &Reconciled, sheet: &mut Sheet) {
    let done = [
        (did.disconnected, "disconnect is proven", "disconnects are proven"),
        (
            did.verified,
            "token in doubt works: it is in use",
            "tokens in doubt work: they are in use",
        ),
        (
            did.refused,
            "token in doubt is dead: its customer must connect again",
            "tokens in doubt are dead: their customers must connect again",
        ),
        (
            did.questions.answered,
            "connection was asked about because of a webhook",
            "connections were asked about because of webhooks",
        ),
    ];
    let open = [
        (did.unverified, "token is still in doubt", "tokens are still in doubt"),
        (
            did.unnamed,
            "connection has no employer that Finch has named",
            "connections have no employer that Finch has named",
        ),
        (
            did.failed,
            "connection cannot be read or written",
            "connections cannot be read or written",
        ),
        (
            did.questions.left,
            "connection is asked about later, because of a webhook",
            "connections are asked about later, because of webhooks",
        ),
    ];
    let nothing = done.iter().chain(&open).all(|(number, ..)| *number == 0);
    for (number, one, many) in done.into_iter().filter(|(number, ..)| *number > 0) {
        sheet.done(&count(number, one, many));
    }
    for (number, one, many) in open.into_iter().filter(|(number, ..)| *number > 0) {
        sheet.open(&count(number, one, many));
    }
    for pending in &did.pending {
        let id = pending.connection_id.as_ref().map_or("unknown", |id| id.as_str());
        sheet.open(&format!("The disconnect of connection {} continues", bold(id)));
        disconnect::show_pending(&pending.outcome, sheet);
    }
    if nothing && did.pending.is_empty() {
        sheet.done("No disconnect is open, and no token is in doubt.");
    }
}
