//! `finch disconnect`: show what would be hit, ask, do it, and say what is proven.

use std::io::{self, BufRead, IsTerminal};

use finch_app::{DisconnectError, DisconnectOutcome, DisconnectRequest, Finch};
use finch_core::decide::{Plan, PlanVerdict};
use serde::Serialize;

use crate::{
    args::DisconnectArgs,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Sheet, bold},
    wiring::AnyScope,
    words::{self, count},
};

/// How often a plan is made again that was not shown to a person.
const TRIES: usize = 5;

#[derive(Serialize)]
struct Disconnect {
    dry_run: bool,
    plan: Plan,
    result: Option<DisconnectOutcome>,
    #[serde(skip)]
    in_customer_scope: bool,
    #[serde(skip)]
    plan_was_shown: bool,
}

pub(crate) async fn run(args: DisconnectArgs, json: bool) -> Result<Exit, Failure> {
    if args.reason.as_ref().is_some_and(|reason| reason.trim().is_empty()) {
        return Err(Failure::usage("the reason is empty")
            .help("say in --reason why it ends for every customer"));
    }
    let (scope, finch) = args.whose.open().await?;
    let mut report = Disconnect {
        dry_run: args.dry_run,
        plan: plan(&finch, &scope, &args).await?,
        result: None,
        in_customer_scope: args.whose.customer.is_some(),
        plan_was_shown: false,
    };
    if args.dry_run {
        return output::show(&report, json);
    }
    let acts = matches!(
        report.plan.verdict,
        PlanVerdict::Disconnects | PlanVerdict::Joins | PlanVerdict::Retires
    );
    if acts && !args.yes {
        report.ask(json)?;
        report.plan_was_shown = true;
    }
    let mut tries = 0;
    let result = loop {
        tries += 1;
        let plan_again = !report.plan_was_shown && tries < TRIES;
        let plan_now = report.plan.clone();
        let work = finch.disconnect(&scope, plan_now);
        match interrupt::finish(work, "`finch reconcile` continues the disconnect").await? {
            Err(DisconnectError::PlanChanged) if plan_again => {
                report.plan = plan(&finch, &scope, &args).await?;
            }
            result => break result?,
        }
    };
    report.result = Some(result);
    Ok(output::done(&report, json))
}

async fn plan(finch: &Finch, scope: &AnyScope, args: &DisconnectArgs) -> Result<Plan, Failure> {
    let for_everyone = args.reason.as_ref().map(|reason| reason.trim().to_owned());
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
    let refused =
        |exit, why: &str| Failure::new(exit, "not_confirmed", format!("nothing was done: {why}"));
    if json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let why = "there is no terminal to ask for confirmation";
        return Err(refused(Exit::Usage, why).help(unasked));
    }
    sheet.gap();
    sheet.line(bold(&format!("{question} Type yes:")));
    output::write(anstream::stderr().lock(), &sheet.render())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| {
        refused(Exit::Usage, "the answer could not be read").because(&error).help(unasked)
    })?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(refused(Exit::State, "the answer was not yes"))
}

/// What is unproven, why, and when it continues.
pub(crate) fn show_pending(outcome: &DisconnectOutcome, sheet: &mut Sheet) {
    let DisconnectOutcome::Pending { unproven, next_try, trouble, attention } = outcome else {
        return;
    };
    sheet.pair("unproven", &count(*unproven, "token", "tokens"));
    sheet.pairs("because", trouble);
    sheet.pair("next try", &format!("from {} on: `finch reconcile`", words::moment(*next_try)));
    if *attention && let Some(failure) = trouble {
        sheet.pair("attention", &failure.advice().next_step);
    }
}

impl Disconnect {
    fn ask(&self, json: bool) -> Result<(), Failure> {
        let mut sheet = Sheet::default();
        self.show_plan(&mut sheet);
        let question = match self.plan.verdict {
            PlanVerdict::Retires => "End this customer's access, for good?",
            _ => "End this connection at Finch, for good?",
        };
        let unasked = "add --yes to disconnect, or --dry-run to see what it would hit";
        confirm(sheet, question, unasked, json)
    }

    fn show_plan(&self, sheet: &mut Sheet) {
        let plan = &self.plan;
        sheet.title(match plan.verdict {
            PlanVerdict::Disconnects => "This connection would be disconnected",
            PlanVerdict::Joins => "This connection is being disconnected: that would continue",
            PlanVerdict::Retires => {
                "Access would end here; others use this connection, and it would continue"
            }
            PlanVerdict::AlreadyDisconnected => "This connection has been disconnected already",
            PlanVerdict::SharedWithOthers => "Other customers use this connection",
            _ => "This connection",
        });
        sheet.place(&plan.provider_id, plan.company_id.as_ref());
        if plan.verdict == PlanVerdict::AlreadyDisconnected {
            return sheet.pair("at Finch", "nothing would be sent");
        }
        sheet.pairs("connection_id", plan.connection_ids.iter().map(|id| id.as_str()));
        let hit = match plan.verdict {
            PlanVerdict::SharedWithOthers => "",
            _ => ": every one stops working",
        };
        sheet.pair("tokens", &format!("{}{hit}", count(plan.tokens, "token", "tokens")));
        sheet.pair("products", &words::products(&plan.products));
        sheet.list("customers", &plan.customers);
        if plan.shared && self.in_customer_scope {
            sheet.pair("shared", "with other customers");
        }
        sheet.pairs("reason", &plan.reason);
    }
}

impl Report for Disconnect {
    fn human(&self, sheet: &mut Sheet) {
        if !self.plan_was_shown {
            self.show_plan(sheet);
            sheet.gap();
        }
        let Some(result) = &self.result else {
            return sheet.line("Nothing was done (--dry-run).");
        };
        match result {
            DisconnectOutcome::Disconnected { tokens } => {
                let every = count(*tokens, "token", "tokens, every one");
                sheet.done(&format!("Disconnected: Finch has refused {every}."));
            }
            DisconnectOutcome::AlreadyDisconnected => {
                sheet.done("It had been disconnected before. Nothing was sent.");
            }
            DisconnectOutcome::Retired { tokens } => sheet.done(&format!(
                "This customer's access has ended here: {} more. Other customers use the connection: it goes \
                 on, and Finch was not called.",
                count(*tokens, "token is handed out no", "tokens are handed out no"),
            )),
            DisconnectOutcome::SharedWithOthers => sheet.open(
                "Nothing was done: several customers use this connection. To end it for all of them, add \
                 --force-shared --reason TEXT.",
            ),
            _ => sheet.open(
                "The tokens are unusable here from now on; Finch has not proven the end yet.",
            ),
        }
        show_pending(result, sheet);
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
}
