//! `finch reconcile --watch`: reconcile until stopped, and say what changes.

use std::sync::{Arc, Mutex, PoisonError};

use finch_app::{Finch, OnPass, OperatorScope, Pass, Reconciled, ReconcilerOptions, Timestamp};
use serde::Serialize;

use super::reconcile;
use crate::{
    fail::{Exit, Failure},
    interrupt::Stop,
    output::{self, Sheet, dim},
    words::moment,
};

/// One pass that did something, or left something else than the one before.
#[derive(Serialize)]
struct News<'a> {
    at: Timestamp,
    #[serde(flatten)]
    did: &'a Reconciled,
}

pub(crate) async fn run(finch: &Finch, scope: OperatorScope, json: bool) -> Result<Exit, Failure> {
    let mut stop = Stop::listen()?;
    say("finch: reconciling until it is stopped (Ctrl-C)", json);
    let last = Mutex::new(None);
    let on_pass: OnPass = Arc::new(move |report| match report {
        Ok(did) => {
            let mut last = last.lock().unwrap_or_else(PoisonError::into_inner);
            if is_news(did, last.as_ref()) {
                // A reader that has gone away stops nothing.
                let _ = show(did, json);
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
    say("finch: finishing what has begun at Finch; once more stops at once", json);
    stop.before(reconciler.stop(), "run `finch reconcile` again: it continues what is stored").await
}

/// What is left open is reported once, until it changes.
fn is_news(did: &Reconciled, last: Option<&Reconciled>) -> bool {
    let ended = did.disconnected + did.refused;
    let did_something = ended + did.verified + did.failed + did.questions.answered > 0;
    let left = |report: &Reconciled| {
        let pending: Vec<_> = report.pending.iter().map(|p| p.connection_id.clone()).collect();
        (pending, report.unverified, report.unnamed)
    };
    let changed = match last {
        // A pass does only what is due: what it leaves out is not settled.
        Some(last) => !did.pending.is_empty() && left(did) != left(last),
        None => true,
    };
    did_something || changed
}

fn show(did: &Reconciled, json: bool) -> std::io::Result<()> {
    let at = Timestamp::now();
    let text = if json {
        output::document(&News { at, did }, false)?
    } else {
        let mut sheet = Sheet::default();
        sheet.line(dim(&moment(at)));
        reconcile::show(did, &mut sheet);
        sheet.render()
    };
    output::write(anstream::stdout().lock(), &text)
}

fn say(text: &str, json: bool) {
    if !json {
        output::notice(text);
    }
}
