//! `finch disconnect`: show what would be hit, ask, do it, and say what is proven.

use std::io::{self, BufRead, IsTerminal};

use finch_app::{DisconnectError, DisconnectOutcome, Finch};
use finch_core::decide::{Plan, PlanVerdict};
use serde::Serialize;

use crate::{
    args::DisconnectArgs,
    fail::{Exit, Failure},
    interrupt,
    output::{self, Report, Sheet, bold, good, warn},
    wiring::{self, Scope, in_scope},
    words::{self, count},
};

/// How often a plan is made again where it was not shown to a person.
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
    let scope = args.whose.scope()?;
    let finch = wiring::open(&args.client).await?;
    let in_customer_scope = matches!(scope, Scope::Customer(_));
    let mut made = plan(&finch, &scope, &args).await?;
    let acts = matches!(
        made.verdict,
        PlanVerdict::Disconnects | PlanVerdict::Joins | PlanVerdict::Retires
    );
    let mut plan_was_shown = false;
    if args.dry_run {
        let report = Disconnect {
            dry_run: true,
            plan: made,
            result: None,
            in_customer_scope,
            plan_was_shown,
        };
        output::print(&report, json)?;
        return Ok(Exit::Done);
    }
    if acts && !args.yes {
        ask(&made, in_customer_scope, json)?;
        plan_was_shown = true;
    }
    let mut tries = 0;
    let result = loop {
        tries += 1;
        let work = async { in_scope!(&scope, |scope| finch.carry_out(scope, made.clone()).await) };
        match interrupt::finish(work, "`finch reconcile` goes on with the disconnect").await? {
            Err(DisconnectError::PlanChanged) if !plan_was_shown && tries < TRIES => {
                made = plan(&finch, &scope, &args).await?;
            }
            result => break result?,
        }
    };
    let report = Disconnect {
        dry_run: false,
        plan: made,
        result: Some(result),
        in_customer_scope,
        plan_was_shown,
    };
    Ok(output::done(&report, json))
}

async fn plan(finch: &Finch, scope: &Scope, args: &DisconnectArgs) -> Result<Plan, Failure> {
    let target = args.connection.clone();
    Ok(match (scope, &args.reason) {
        (Scope::Operator(operator), Some(reason)) => {
            finch.plan_disconnect_for_everyone(operator, target, reason.trim()).await?
        }
        _ => in_scope!(scope, |scope| finch.plan_disconnect(scope, target).await)?,
    })
}

/// Shows the plan and waits for a yes; where nobody can be asked, that is an error.
fn ask(plan: &Plan, in_customer_scope: bool, json: bool) -> Result<(), Failure> {
    let mut sheet = Sheet::default();
    show_plan(plan, in_customer_scope, &mut sheet);
    let question = match plan.verdict {
        PlanVerdict::Retires => "End this customer's access, for good?",
        _ => "End this connection at Finch, for good?",
    };
    let unasked = "add --yes to disconnect, or --dry-run to see what it would hit";
    confirm(sheet, question, unasked, json)
}

/// Asks below what `sheet` shows, and waits for a yes.
pub(crate) fn confirm(
    mut sheet: Sheet,
    question: &str,
    unasked: &str,
    json: bool,
) -> Result<(), Failure> {
    if json || !io::stdin().is_terminal() || !io::stderr().is_terminal() {
        let nobody = "nothing was done: nobody can be asked here";
        return Err(Failure::new(Exit::Usage, "not_confirmed", nobody).help(unasked));
    }
    sheet.gap();
    sheet.line(bold(&format!("{question} Type yes:")));
    output::write(anstream::stderr().lock(), &sheet.render())?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer).map_err(|error| {
        Failure::new(Exit::Usage, "not_confirmed", "nothing was done: the answer could not be read")
            .because(&error)
            .help(unasked)
    })?;
    if answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Failure::new(Exit::Standing, "not_confirmed", "nothing was done: the answer was not yes"))
}

fn show_plan(plan: &Plan, in_customer_scope: bool, sheet: &mut Sheet) {
    let company = plan.company_id.as_ref().map_or("not named by Finch yet", |id| id.as_str());
    sheet.title(match plan.verdict {
        PlanVerdict::Disconnects => "This connection would be disconnected",
        PlanVerdict::Joins => "This connection is being disconnected: that would go on",
        PlanVerdict::Retires => {
            "Access would end here; others use this connection, and it would go on"
        }
        PlanVerdict::AlreadyDisconnected => "This connection has been disconnected already",
        PlanVerdict::SharedWithOthers => "Other customers use this connection",
        _ => "This connection",
    });
    sheet.pair("provider", plan.provider_id.as_str());
    sheet.pair("employer", company);
    if plan.verdict == PlanVerdict::AlreadyDisconnected {
        return sheet.pair("at Finch", "nothing would be sent");
    }
    for (at, id) in plan.connection_ids.iter().enumerate() {
        sheet.pair(if at == 0 { "connection_id" } else { "" }, id.as_str());
    }
    let hit = match plan.verdict {
        PlanVerdict::SharedWithOthers => "",
        _ => ": every one stops working",
    };
    sheet.pair("tokens", &format!("{}{hit}", count(plan.tokens, "token", "tokens")));
    sheet.pair("products", &words::products(&plan.products));
    if !plan.customers.is_empty() {
        sheet.pair("customers", &words::list(&plan.customers));
    }
    if plan.shared && in_customer_scope {
        sheet.pair("shared", "with other customers");
    }
    if let Some(reason) = &plan.reason {
        sheet.pair("reason", reason);
    }
}

/// What stands in the way, and when it goes on.
pub(crate) fn show_pending(outcome: &DisconnectOutcome, sheet: &mut Sheet) {
    let DisconnectOutcome::Pending { unproven, next_try, trouble, attention } = outcome else {
        return;
    };
    sheet.pair("unproven", &count(*unproven, "token", "tokens"));
    if let Some(failure) = trouble {
        sheet.pair("because", &words::trouble(failure));
    }
    sheet.pair("next try", &format!("from {} on: `finch reconcile`", words::moment(*next_try)));
    if *attention && let Some(failure) = trouble {
        sheet.pair("attention", crate::fail::what_to_do(failure));
    }
}

impl Report for Disconnect {
    fn human(&self, sheet: &mut Sheet) {
        if !self.plan_was_shown {
            show_plan(&self.plan, self.in_customer_scope, sheet);
            sheet.gap();
        }
        let Some(result) = &self.result else {
            return sheet.line("Nothing was done (--dry-run).");
        };
        let (mark, said) = match result {
            DisconnectOutcome::Disconnected { tokens } => (
                good("✓"),
                format!("Disconnected: Finch has refused {}.", count(*tokens, "token", "tokens, every one")),
            ),
            DisconnectOutcome::AlreadyDisconnected => {
                (good("✓"), "It had been disconnected before. Nothing was sent.".to_owned())
            }
            DisconnectOutcome::Retired { tokens } => (
                good("✓"),
                format!(
                    "This customer's access has ended here: {} more. Other customers use the \
                     connection: it goes on, and Finch was not called.",
                    count(*tokens, "token is handed out no", "tokens are handed out no"),
                ),
            ),
            DisconnectOutcome::SharedWithOthers => (
                warn("!"),
                "Nothing was done: several customers use this connection. To end it for all of them, add \
                 --force-shared --reason TEXT."
                    .to_owned(),
            ),
            _ => (
                warn("!"),
                "The tokens are unusable here from now on; Finch has not proven the end yet.".to_owned(),
            ),
        };
        sheet.text(&format!("{mark} "), &said);
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
            Some(DisconnectOutcome::SharedWithOthers) => Exit::Standing,
            Some(_) => Exit::LeftOpen,
        }
    }
}
