//! `finch reconcile`: continue everything that is unfinished, once or until it is stopped.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use clap::Args;
use finch_app::{
    Finch, OnPass, OperatorScope, Pass, PossibleOrphan, Reconciled, ReconcilerOptions, Timestamp,
};
use serde::Serialize;

use super::{Advised, attention::lost};
use crate::{
    args::Paced,
    fail::{Exit, Failure},
    interrupt::{self, Stop},
    output::{self, Report, Text},
    wiring,
};

#[derive(Args)]
#[command(after_help = "\
Without --watch everything is tried once, due or not. With it, what is due is
tried when it is due. Any number may run on one store.")]
pub(crate) struct ReconcileArgs {
    /// Go on until stopped (SIGINT, SIGTERM)
    #[arg(long)]
    watch: bool,
    #[command(flatten)]
    paced: Paced,
}

/// What is left after it was stopped.
const AGAIN: &str = "run `finch reconcile` again: it continues what is stored";

#[derive(Serialize)]
struct OnePass {
    #[serde(flatten)]
    did: Reconciled,
    /// A signal ended the pass early.
    stopped: bool,
    possible_orphans: Vec<Advised<PossibleOrphan>>,
    left_open: bool,
}

pub(crate) async fn run(args: &ReconcileArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let finch = wiring::open_to_reconcile(&args.paced.operator.client, args.paced.rate).await?;
    if args.watch {
        return watch(&finch, scope, json).await;
    }
    let stopped = AtomicBool::new(false);
    let goes_on = || !stopped.load(Ordering::SeqCst);
    let work = finch.reconcile_while(&scope, Pass::Everything, &goes_on);
    let did = interrupt::wind_up(work, &stopped, AGAIN).await??;
    let possible_orphans = lost(finch.possible_orphans(&scope).all().await?);
    let stopped = !goes_on();
    let left_open = stopped
        || !did.pending.is_empty()
        || did.unverified > 0
        || did.questions.left > 0
        || did.failed > 0
        || !possible_orphans.is_empty();
    Ok(output::done(&OnePass { did, stopped, possible_orphans, left_open }, json))
}

impl Report for OnePass {
    fn headline(&self) -> Text {
        match self.exit() {
            Exit::Done => "No disconnect is open, and no token is in doubt.",
            _ => "Something is left open.",
        }
        .into()
    }

    fn next(&self) -> Text {
        if self.stopped { AGAIN.into() } else { "".into() }
    }

    fn exit(&self) -> Exit {
        if self.left_open { Exit::LeftOpen } else { Exit::Done }
    }
}

/// A pass that did something, or left something else than the one before.
#[derive(Serialize)]
struct News<'a> {
    at: Timestamp,
    #[serde(flatten)]
    did: &'a Reconciled,
}

impl Report for News<'_> {}

async fn watch(finch: &Finch, scope: OperatorScope, json: bool) -> Result<Exit, Failure> {
    let mut stop = Stop::listen()?;
    if !json {
        output::notice("finch: reconciling until it is stopped (Ctrl-C)");
    }
    let last = Mutex::new(None);
    let on_pass: OnPass = Arc::new(move |report| match report {
        Ok(did) => {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if is_news(did, last.as_ref()) {
                // Where it cannot be shown, the work continues.
                let news = output::text_of(&News { at: Timestamp::now(), did }, json);
                let _ = news.and_then(|text| output::write(anstream::stdout().lock(), &text));
            }
            *last = Some(did.clone());
        }
        Err(error) => Failure::during("a pass could not be made", error).print(json),
    });
    let options = ReconcilerOptions {
        first: Pass::Everything,
        on_pass: Some(on_pass),
        ..ReconcilerOptions::default()
    };
    let reconciler = finch.spawn_reconciler(scope, options);
    stop.asked().await;
    if !json {
        interrupt::notice_of_the_first();
    }
    stop.before(reconciler.stop(), AGAIN).await
}

/// What is left open is reported once, until it changes.
fn is_news(did: &Reconciled, last: Option<&Reconciled>) -> bool {
    let ended = did.disconnected + did.refused;
    let did_something = ended + did.verified + did.failed + did.questions.answered > 0;
    let left = |report: &Reconciled| {
        let pending: Vec<_> = report.pending.iter().map(|p| p.connection_id.clone()).collect();
        (pending, report.unverified, report.unnamed)
    };
    // A pass does only what is due: what it leaves out is not settled.
    did_something || last.is_none_or(|last| !did.pending.is_empty() && left(did) != left(last))
}
