//! `finch disconnect`: show what would be hit, ask, do it, and say what is proven.

use std::io::{self, BufRead, IsTerminal};

use clap::Args;
use finch_app::{DisconnectError, DisconnectOutcome, DisconnectRequest, Finch};
use finch_core::ConnectionId;
use finch_core::decide::{Plan, PlanVerdict};
use serde::Serialize;

use crate::{
    args::{Whose, reason},
    fail::{Exit, Failure},
    interrupt,
    output::{self, BOLD, PLAIN, Report, Sheet, Text},
    wiring::AnyScope,
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch disconnect CONNECTION --dry-run
  finch disconnect CONNECTION --force-shared --reason 'employer asked for it'")]
pub(crate) struct DisconnectArgs {
    /// Any connection_id in the connection
    connection: ConnectionId,
    /// Show what would be hit, and do nothing
    #[arg(long, conflicts_with = "yes")]
    dry_run: bool,
    /// End it for all customers that use it
    #[arg(long, requires = "reason", conflicts_with = "customer")]
    force_shared: bool,
    /// Why, for the record
    #[arg(long, value_name = "TEXT", value_parser = reason, requires = "force_shared")]
    reason: Option<String>,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    whose: Whose,
}

/// How often a plan is made again that was not shown to a person.
const TRIES: usize = 5;

#[derive(Serialize)]
struct Disconnect {
    dry_run: bool,
    plan: Plan,
    result: Option<DisconnectOutcome>,
    #[serde(skip)]
    plan_was_shown: bool,
}

pub(crate) async fn run(args: DisconnectArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    let plan = plan(&finch, &scope, &args).await?;
    let mut report =
        Disconnect { dry_run: args.dry_run, plan, result: None, plan_was_shown: false };
    if args.dry_run {
        return output::show(&report, json);
    }
    use PlanVerdict::{Disconnects, Joins, Retires};
    if matches!(report.plan.verdict, Disconnects | Joins | Retires) && !args.yes {
        report.ask(json)?;
        report.plan_was_shown = true;
    }
    let mut tries = 0;
    let result = loop {
        tries += 1;
        let plan_again = !report.plan_was_shown && tries < TRIES;
        let work = finch.disconnect(&scope, report.plan.clone());
        match interrupt::finish(work, "`finch reconcile` continues the disconnect").await? {
            Err(DisconnectError::PlanChanged) if plan_again => {
                report.plan = self::plan(&finch, &scope, &args).await?;
            }
            result => break result?,
        }
    };
    report.result = Some(result);
    Ok(output::done(&report, json))
}

async fn plan(finch: &Finch, scope: &AnyScope, args: &DisconnectArgs) -> Result<Plan, Failure> {
    let for_everyone = args.reason.clone();
    let request = DisconnectRequest { for_everyone, ..args.connection.clone().into() };
    Ok(finch.plan_disconnect(scope, request).await?)
}

/// Asks below what `sheet` shows, and waits for a yes; without a terminal, that is an error.
pub(crate) fn confirm(
    mut sheet: Sheet,
    question: &str,
    unasked: &str,
    json: bool,
) -> Result<(), Failure> {
    let refused = |exit, why: &str| {
        Failure::new(exit, "not_confirmed", format!("nothing was done: {why}")).help(unasked)
    };
    if json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        return Err(refused(Exit::Usage, "there is no terminal to ask for confirmation"));
    }
    sheet.gap();
    sheet.line(format!("{BOLD}{question} Type yes:{PLAIN}"));
    output::write(anstream::stderr().lock(), &sheet.render())?;
    let mut answer = String::new();
    io::stdin()
        .lock()
        .read_line(&mut answer)
        .map_err(|error| refused(Exit::Usage, "the answer could not be read").because(&error))?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(refused(Exit::State, "the answer was not yes"))
}

impl Disconnect {
    fn ask(&self, json: bool) -> Result<(), Failure> {
        let mut sheet = Sheet::default();
        self.show_plan(&mut sheet);
        let question = match self.plan.verdict {
            PlanVerdict::Retires => "End this customer's access, for good?",
            _ => "End this connection at Finch, for good?",
        };
        confirm(sheet, question, "add --yes to disconnect, or --dry-run to see the plan", json)
    }

    fn show_plan(&self, sheet: &mut Sheet) {
        sheet.title(match self.plan.verdict {
            PlanVerdict::Disconnects => "This connection would be disconnected",
            PlanVerdict::Joins => "This connection is being disconnected: that would continue",
            PlanVerdict::Retires => {
                "Access would end here; others use this connection, and it would continue"
            }
            PlanVerdict::AlreadyDisconnected => "This connection has been disconnected already",
            PlanVerdict::SharedWithOthers => "Other customers use this connection",
            _ => "This connection",
        });
        sheet.facts(&self.plan);
    }
}

impl Report for Disconnect {
    fn headline(&self) -> Text {
        match &self.result {
            None => "Nothing was done (--dry-run).",
            Some(DisconnectOutcome::Disconnected { .. }) => {
                "Disconnected: Finch has refused every token."
            }
            Some(DisconnectOutcome::AlreadyDisconnected) => {
                "It had been disconnected before, or an operator has closed it meanwhile."
            }
            Some(DisconnectOutcome::Retired { .. }) => {
                "This customer's access has ended here. Other customers use the connection: it goes on, \
                 and Finch was not called."
            }
            Some(DisconnectOutcome::SharedWithOthers) => {
                "Nothing was done: several customers use this connection."
            }
            Some(_) => "The tokens are unusable here from now on; Finch has not proven the end yet.",
        }
        .into()
    }

    fn next(&self) -> Text {
        match &self.result {
            Some(DisconnectOutcome::SharedWithOthers) => {
                "to end it for all of them, add --force-shared --reason TEXT".into()
            }
            Some(DisconnectOutcome::Pending {
                trouble: Some(failure), attention: true, ..
            }) => failure.advice().next_step,
            Some(DisconnectOutcome::Pending { .. }) => {
                "`finch reconcile` continues, until Finch has proven the end".into()
            }
            _ => "".into(),
        }
    }

    fn exit(&self) -> Exit {
        match &self.result {
            None
            | Some(
                DisconnectOutcome::Disconnected { .. }
                | DisconnectOutcome::Retired { .. }
                | DisconnectOutcome::AlreadyDisconnected,
            ) => Exit::Done,
            Some(DisconnectOutcome::SharedWithOthers) => Exit::State,
            Some(_) => Exit::LeftOpen,
        }
    }

    fn human(&self, sheet: &mut Sheet) {
        if !self.plan_was_shown {
            self.show_plan(sheet);
            sheet.gap();
        }
        if self.exit() == Exit::Done {
            sheet.done(&self.headline());
        } else {
            sheet.open(&self.headline());
        }
        sheet.facts(&self.result);
        sheet.next(&self.next());
    }
}
