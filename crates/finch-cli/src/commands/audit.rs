//! `finch audit`: ask Finch about every token, and list where it disagrees with the store.

mod checkpoint;
mod found;

use std::sync::atomic::{AtomicBool, Ordering};

use finch_app::{Audit, AuditOptions, Finch, OperatorScope, Pace, RunError};

use self::{checkpoint::Checkpoint, found::Found};
use crate::{
    args::AuditArgs,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report},
    progress::Progress,
    wiring,
    words::{count, moment},
};

/// How far the audit is, is kept every so many connections.
const KEEP_EVERY: u64 = 50;

pub(crate) async fn run(args: &AuditArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let checkpoint =
        Checkpoint::beside(&wiring::store_path(args.paced.operator.client.store.as_ref())?);
    let finch = wiring::open_to_reconcile(&args.paced.operator.client, args.paced.rate).await?;
    let options = AuditOptions { unused_days: args.unused_days, fix: args.fix };
    let known = match args.restart {
        true => None,
        false => checkpoint.find(&finch, args.unused_days, args.fix),
    };
    let resumed = known.is_some();
    let mut audit = match known {
        Some(audit) => audit,
        None => finch.begin_audit(&scope, options).await?,
    };
    if resumed && !json {
        output::notice(&format!(
            "finch: continuing the audit of {}, {} done (--restart begins again)",
            moment(audit.started_at),
            count(audit.connections as usize, "connection is", "connections are")
        ));
    }
    let stopped = AtomicBool::new(false);
    let work = go_on(&finch, &scope, &mut audit, args, &checkpoint, &stopped);
    interrupt::wind_up(work, &stopped, "run `finch audit` again: it continues").await??;
    let found = Found::new(audit, resumed);
    // What is kept of it continuesce it is shown.
    match (output::print(&found, json), args.fix) {
        (Ok(()), _) => checkpoint.clear()?,
        (Err(error), true) => Failure::not_printed(found.exit(), &error).print(json),
        (Err(error), false) => return Err(error.into()),
    }
    Ok(found.exit())
}

/// To the end; or until something stops it, and then it is kept how far it came.
async fn go_on(
    finch: &Finch,
    scope: &OperatorScope,
    audit: &mut Audit,
    args: &AuditArgs,
    checkpoint: &Checkpoint,
    stopped: &AtomicBool,
) -> Result<(), Failure> {
    let bar = Progress::of("Asking Finch");
    let goes_on = || !stopped.load(Ordering::SeqCst);
    let on_wait = |wait| bar.waits(wait);
    let pace = Pace { every: args.paced.rate, goes_on: &goes_on, on_wait: &on_wait };
    loop {
        bar.at(audit.asked, audit.tokens);
        let next = finch.audit_next(scope, audit, pace).await;
        match next {
            Ok(false) => return Ok(()),
            Ok(true) if goes_on() && !audit.connections.is_multiple_of(KEEP_EVERY) => {}
            Ok(true) => checkpoint.keep(audit)?,
            Err(error) => {
                checkpoint.keep(audit)?;
                return Err(halted(audit, &error));
            }
        }
    }
}

fn halted(audit: &Audit, error: &RunError) -> Failure {
    let asked = count(audit.asked as usize, "token was", "tokens were");
    let found = count(audit.findings.len(), "finding", "findings");
    Failure::during(format!("the audit stopped: {asked} asked about, {found} so far"), error)
}
