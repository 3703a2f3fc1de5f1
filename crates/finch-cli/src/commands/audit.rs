//! `finch audit`: ask Finch about every token, and list where it disagrees with the store.

mod checkpoint;

use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use finch_app::{Audit, AuditOptions, Drift, Finch, Finding, OperatorScope, Pace};
use serde::Serialize;

use self::checkpoint::Checkpoint;
use super::Advised;
use crate::{
    args::Paced,
    facts::moment_of,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Text},
    progress::Progress,
    wiring,
};

#[derive(Args)]
#[command(after_help = "\
Without --fix nothing is changed. With it, what Finch says is recorded, and open
disconnects continue; what a person must decide is only listed. Stopped, it
continues within 24 hours from <store>.audit; --restart begins again.")]
pub(crate) struct AuditArgs {
    /// Write down what Finch says, and continue what is open
    #[arg(long)]
    fix: bool,
    /// Days until a connection counts as unused
    #[arg(long, value_name = "N", default_value_t = 90)]
    unused_days: u32,
    /// Begin again, whatever an earlier run has left
    #[arg(long)]
    restart: bool,
    #[command(flatten)]
    paced: Paced,
}

/// How far the audit is, is kept every so many connections.
const KEEP_EVERY: u64 = 50;

pub(crate) async fn run(args: &AuditArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.paced.operator.scope()?;
    let checkpoint =
        Checkpoint(wiring::beside(&wiring::store_path(&args.paced.operator.client)?, ".audit"));
    let finch = wiring::open_to_reconcile(&args.paced.operator.client, args.paced.rate).await?;
    let options = AuditOptions { unused_days: args.unused_days, fix: args.fix };
    let known = if args.restart { None } else { checkpoint.find(&finch, &options) };
    let resumed = known.is_some();
    let mut audit = match known {
        Some(audit) => audit,
        None => finch.begin_audit(&scope, options).await?,
    };
    if resumed && !json {
        output::notice(&format!(
            "finch: continuing the audit of {} after {} connections (--restart begins again)",
            moment_of(audit.started_at),
            audit.connections
        ));
    }
    let stopped = AtomicBool::new(false);
    let work = go_on(&finch, &scope, &mut audit, args, &checkpoint, &stopped);
    interrupt::wind_up(work, &stopped, "run `finch audit` again: it continues").await??;
    let found = Found::new(audit, resumed);
    if args.fix {
        let exit = output::done(&found, json);
        checkpoint.clear()?;
        return Ok(exit);
    }
    // What is kept of it stays until it is shown.
    let exit = output::show(&found, json)?;
    checkpoint.clear()?;
    Ok(exit)
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
        match finch.audit_next(scope, audit, pace).await {
            Ok(false) => return Ok(()),
            Ok(true) if goes_on() && !audit.connections.is_multiple_of(KEEP_EVERY) => {}
            Ok(true) => checkpoint.keep(audit)?,
            Err(error) => {
                checkpoint.keep(audit)?;
                let (asked, found) = (audit.asked, audit.findings.len());
                let message = format!(
                    "the audit stopped: tokens asked about: {asked}, findings so far: {found}"
                );
                return Err(Failure::during(message, &error));
            }
        }
    }
}

#[derive(Serialize)]
struct Found {
    started_at: finch_app::Timestamp,
    /// Whether an earlier run was continued.
    resumed: bool,
    fix: bool,
    connections: u64,
    asked: u64,
    findings: Vec<Advised<Finding>>,
}

impl Found {
    fn new(audit: Audit, resumed: bool) -> Self {
        let Audit { started_at, fix, connections, asked, findings, .. } = audit;
        let advised = |what: Finding| Advised { what_to_do: what_to_do(&what), what };
        let findings = findings.into_iter().map(advised).collect();
        Self { started_at, resumed, fix, connections, asked, findings }
    }
}

impl Report for Found {
    fn headline(&self) -> Text {
        match self.findings.len() {
            0 => "Finch and the store agree about every token.".into(),
            found => format!("Where Finch and the store disagree: {found}").into(),
        }
    }

    fn exit(&self) -> Exit {
        let open = self.findings.iter().any(|item| !item.what.fixed);
        if open { Exit::LeftOpen } else { Exit::Done }
    }
}

fn what_to_do(found: &Finding) -> String {
    let id = found.connection_id.as_ref().map_or("CONNECTION", |id| id.as_str());
    let customer = found.customers.first().map_or("ID".to_owned(), |id| format!("'{id}'"));
    let connect = format!("finch connect --customer {customer}");
    let disconnect = format!("finch disconnect {id}");
    match &found.drift {
        Drift::DeadInUse if found.fixed => {
            format!("it is marked as ended; its customer connects again: {connect} …")
        }
        Drift::DeadInUse => {
            "it is dead at Finch: finch audit --fix; then its customer connects again".to_owned()
        }
        Drift::AliveThoughEnded { .. } if found.fixed => "nothing: it has ended since".to_owned(),
        Drift::AliveThoughEnded { state, .. } if state == "quarantined" => {
            format!(
                "it is billed: find out whose it is (finch show {id}); then end it: {disconnect}"
            )
        }
        Drift::AliveThoughEnded { .. } => format!(
            "it is billed: finch reconcile ends it where nothing of the connection is in use; finch attention \
             says what is in the way; else see what a disconnect would hit: {disconnect} --dry-run"
        ),
        Drift::AliveThoughClosed => format!(
            "it is billed: find out what is in use (finch show {id}); then end it for good: {disconnect}"
        ),
        Drift::NeedsReauth => format!("{connect} --reauthenticate {id}"),
        Drift::BilledTwice { .. } => format!(
            "ask Finch's support to end all but one; {disconnect} ends them all, and the customers connect \
             again"
        ),
        Drift::PossibleOrphan { exchange, .. } => format!(
            "connect the customer again: {connect} …; or, if Finch's dashboard shows no such connection: \
             finch close --exchange {exchange} --reason TEXT"
        ),
        Drift::Unused { .. } => format!("it is billed; if it is not needed: {disconnect}"),
        Drift::Vouched { .. } => {
            "look in Finch's dashboard whether it has ended; if it has not, connect the \
                                  customer again, and disconnect"
                .into()
        }
        Drift::SecretUnreadable => format!(
            "restore the key or a backup of the store; or: {connect} --reauthenticate {id}, then {disconnect}"
        ),
        Drift::NoAnswer { failure } => failure.advice().next_step.into_owned(),
        _ => format!("finch show {id}"),
    }
}
