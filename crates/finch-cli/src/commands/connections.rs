//! `finch connections` and `finch show`: what there is, and one of them whole.

use clap::Args;
use finch_app::{EventFilter, PossibleOrphan};
use finch_core::{
    ConnectionId, ConnectionState, ConnectionView, Event, ProviderId, Scope as _, TokenState,
};
use serde::Serialize;
use serde_json::json;

use super::{Advised, attention::lost};
use crate::{
    args::Whose,
    fail::{Exit, Failure},
    output::{self, BOLD, DIM, GOOD, PLAIN, Report, Sheet, Text, WARN},
};

#[derive(Args)]
pub(crate) struct ConnectionsArgs {
    /// Those that have ended, too
    #[arg(long)]
    all: bool,
    /// Only those in this state, such as needs_reauth
    #[arg(long, value_name = "STATE", value_parser = STATES)]
    #[arg(hide_possible_values = true)]
    state: Vec<String>,
    /// Only those of this provider
    #[arg(long, value_name = "ID")]
    provider: Option<ProviderId>,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Args)]
pub(crate) struct ShowArgs {
    /// Any connection_id in the connection
    connection: ConnectionId,
    #[command(flatten)]
    whose: Whose,
}

#[derive(Serialize)]
struct Connections {
    connections: Vec<ConnectionView>,
    /// How many have ended and are left out, of those that the filters ask for.
    hidden: usize,
    possible_orphans: Vec<Advised<PossibleOrphan>>,
}

pub(crate) async fn list(args: &ConnectionsArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    let mut connections = finch.connections(&scope).all().await?;
    connections.retain(|view| {
        args.provider.as_ref().is_none_or(|provider| *provider == view.provider_id)
            && (args.state.is_empty()
                || args.state.iter().any(|state| json!(view.state) == **state))
    });
    let found = connections.len();
    if !args.all && args.state.is_empty() {
        connections.retain(|view| view.state != ConnectionState::Disconnected);
    }
    let hidden = found - connections.len();
    let possible_orphans = lost(finch.possible_orphans(&scope).all().await?);
    output::show(&Connections { connections, hidden, possible_orphans }, json)
}

/// One a line, with what to do below.
impl Report for Connections {
    fn human(&self, sheet: &mut Sheet) {
        if self.connections.is_empty() {
            sheet.line("There are no such connections; `finch connect` begins one.");
        }
        for view in &self.connections {
            let colour = match view.state {
                ConnectionState::Connected => GOOD,
                ConnectionState::Disconnected => DIM,
                _ => WARN,
            };
            let state = json!(view.state);
            let state = state.as_str().unwrap_or_default();
            let active = view.tokens.iter().filter(|token| token.state == TokenState::Active);
            let (active, all) = (active.count(), view.tokens.len());
            let id = view.connection_ids.first().map_or("", |id| id.as_str());
            let customers: Vec<_> = view.customers().iter().map(|id| id.as_str()).collect();
            sheet.line(format!(
                "{colour}{state:<13}{PLAIN} {:<10} {BOLD}{id}{PLAIN}  {active}/{all} active  {}",
                view.provider_id,
                customers.join(", ")
            ));
            let next = next_step(view);
            if !next.is_empty() {
                sheet.text(&format!("  {WARN}!{PLAIN} "), &next);
            }
        }
        if self.hidden > 0 {
            sheet.line(format!("{DIM}{} ended and hidden: --all shows them{PLAIN}", self.hidden));
        }
        sheet.facts(&json!({ "possible_orphans": self.possible_orphans }));
    }
}

/// What a connection needs.
fn next_step(view: &ConnectionView) -> Text {
    let id = view.connection_ids.first().map_or("CONNECTION", |id| id.as_str());
    match view.state {
        ConnectionState::NeedsReauth => {
            format!("finch connect --customer ID --reauthenticate {id}").into()
        }
        ConnectionState::Disconnecting | ConnectionState::Unverified => {
            "finch reconcile asks Finch; finch attention says what is in the way".into()
        }
        _ if view.tokens.iter().any(|token| token.state == TokenState::Quarantined) => {
            format!("a quarantined token is billed until it is disconnected: finch disconnect {id}")
                .into()
        }
        _ => "".into(),
    }
}

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    view: ConnectionView,
    /// None in a customer's scope.
    history: Option<Vec<Event>>,
}

pub(crate) async fn show(args: &ShowArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    let view = finch.connection(&scope, &args.connection).await?;
    let view = view.ok_or_else(Failure::no_such_connection)?;
    let filter = EventFilter { connection: Some(&args.connection), since: None };
    let history = match scope.customer() {
        None => Some(finch.events(&scope, filter).all().await?),
        Some(_) => None,
    };
    output::show(&Shown { view, history }, json)
}

impl Report for Shown {
    fn next(&self) -> Text {
        next_step(&self.view)
    }
}

/// The states of a connection, by the names of `--json`.
const STATES: [&str; 6] =
    ["connected", "unverified", "quarantined", "needs_reauth", "disconnecting", "disconnected"];
