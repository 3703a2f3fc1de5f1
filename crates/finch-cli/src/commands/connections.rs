//! `finch connections`: what there is, and what needs attention.

use finch_app::PossibleOrphan;
use finch_core::{ConnectionState, ConnectionView, TokenState};
use serde::Serialize;
use serde_json::json;

use super::orphans;
use crate::{
    args::ConnectionsArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, dim, good, warn},
    words::{connection_state, count, list},
};

#[derive(Serialize)]
struct Connections {
    connections: Vec<Listed>,
    /// How many have ended and are left out, of those that the filters ask for.
    hidden: usize,
    possible_orphans: Vec<PossibleOrphan>,
    #[serde(skip)]
    filtered: bool,
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    view: ConnectionView,
    /// What needs a look, in plain words.
    attention: Vec<String>,
}

pub(crate) async fn run(args: &ConnectionsArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    let mut views = finch.connections(&scope).all().await?;
    views.retain(|view| {
        args.provider.as_ref().is_none_or(|provider| *provider == view.provider_id)
            && (args.state.is_empty()
                || args.state.iter().any(|state| json!(view.state) == **state))
    });
    let found = views.len();
    if !args.all && args.state.is_empty() {
        views.retain(|view| view.state != ConnectionState::Disconnected);
    }
    let report = Connections {
        hidden: found - views.len(),
        connections: views
            .into_iter()
            .map(|view| Listed { attention: attention(&view), view })
            .collect(),
        filtered: args.provider.is_some() || !args.state.is_empty(),
        possible_orphans: finch.possible_orphans(&scope).all().await?,
    };
    output::show(&report, json)
}

/// What needs a look, and what to do.
pub(crate) fn attention(view: &ConnectionView) -> Vec<String> {
    let mut said = Vec::new();
    let id = view.connection_ids.first().map_or("CONNECTION", |id| id.as_str());
    match view.state {
        ConnectionState::NeedsReauth => said.push(format!(
            "the employer must authenticate again: finch connect --customer ID --reauthenticate {id}"
        )),
        ConnectionState::Disconnecting => {
            said.push("Finch has not proven the end of every token: finch reconcile".to_owned());
        }
        ConnectionState::Unverified => {
            said.push("Finch must be asked whether its token lives: finch reconcile".to_owned());
        }
        _ => {}
    }
    let quarantined = view.tokens.iter().filter(|token| token.state == TokenState::Quarantined);
    let quarantined = quarantined.count();
    if quarantined > 0 {
        said.push(format!(
            "{} contradicted what is known: not used here, and billed by Finch until it is disconnected: finch disconnect {id}",
            count(quarantined, "token", "tokens")
        ));
    }
    for token in view.tokens.iter().filter(|token| !token.state.is_revoked()) {
        if let Some(found) =
            token.trouble.as_ref().filter(|found| found.failure.kind.needs_attention())
        {
            let text = found.failure.to_string();
            if !said.contains(&text) {
                said.push(text);
            }
        }
    }
    said
}

impl Report for Connections {
    fn human(&self, sheet: &mut Sheet) {
        if self.connections.is_empty() {
            sheet.line(match (self.filtered, self.hidden) {
                (true, _) => "There are no such connections.",
                (false, 0) => "There are no connections yet: `finch connect` begins one.",
                (false, _) => "No connection is in use: `finch connect` begins one.",
            });
        }
        for Listed { view, attention } in &self.connections {
            let state = connection_state(view.state);
            let state = match view.state {
                ConnectionState::Connected => good(state),
                ConnectionState::Disconnected => dim(state),
                _ => warn(state),
            };
            sheet.gap();
            sheet.line(format!("{}  {state}", bold(&format!("{:<20}", view.provider_id))));
            show(view, attention, sheet);
            let active = view.tokens.iter().filter(|token| token.state == TokenState::Active);
            let active = active.count();
            let tokens = count(view.tokens.len(), "token", "tokens");
            let customers = view.customers();
            let whose =
                if customers.is_empty() { "no customer".to_owned() } else { list(customers) };
            sheet.pair("tokens", &format!("{tokens}, {active} active; of {whose}"));
        }
        if self.hidden > 0 {
            let hidden = count(
                self.hidden,
                "connection that has ended is hidden",
                "connections that have ended are hidden",
            );
            sheet.gap();
            sheet.line(dim(&format!("{hidden}: --all shows them")));
        }
        orphans::show(&self.possible_orphans, sheet);
    }
}

/// Below a connection's name: which it is, and what needs a look.
pub(crate) fn show(view: &ConnectionView, attention: &[String], sheet: &mut Sheet) {
    let company = view.company_id.as_ref();
    sheet.pair("employer", company.map_or("not named by Finch yet", |id| id.as_str()));
    sheet.pairs("connection_id", view.connection_ids.iter().map(|id| id.as_str()));
    for text in attention {
        sheet.text(&format!("  {} ", warn("!")), text);
    }
}
