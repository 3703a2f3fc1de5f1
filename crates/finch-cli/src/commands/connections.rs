//! `finch connections`: what there is, and what needs attention.

use finch_app::{Finch, PossibleOrphan};
use finch_core::{ConnectionState, ConnectionView, TokenState};
use serde::Serialize;

use super::orphans;
use crate::{
    args::ConnectionsArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, dim, good, warn},
    wiring::{self, Scope, in_scope},
    words::{connection_state, count, list, trouble},
};

const PAGE: usize = 200;

#[derive(Serialize)]
struct Connections {
    connections: Vec<Listed>,
    /// How many have ended and are left out, of those that the filters ask for.
    hidden: usize,
    possible_orphans: Vec<PossibleOrphan>,
    #[serde(skip)]
    filtered: bool,
}

/// Whether a connection is listed.
enum Shown {
    Yes,
    /// It is asked for, and has ended.
    Ended,
    No,
}

fn shown(view: &ConnectionView, args: &ConnectionsArgs) -> Shown {
    let provider = args.provider.as_ref().is_none_or(|provider| *provider == view.provider_id);
    let state = args.state.is_empty() || args.state.iter().any(|state| state.is(view.state));
    if !provider || !state {
        Shown::No
    } else if view.state == ConnectionState::Disconnected && !args.all && args.state.is_empty() {
        Shown::Ended
    } else {
        Shown::Yes
    }
}

#[derive(Serialize)]
struct Listed {
    #[serde(flatten)]
    view: ConnectionView,
    /// What somebody should look at, in plain words.
    attention: Vec<String>,
}

pub(crate) async fn run(args: &ConnectionsArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.whose.scope()?;
    let finch = wiring::open(&args.client).await?;
    let (mut connections, mut hidden) = (Vec::new(), 0);
    for listed in all(&finch, &scope).await? {
        match shown(&listed.view, args) {
            Shown::Yes => connections.push(listed),
            Shown::Ended => hidden += 1,
            Shown::No => {}
        }
    }
    let report = Connections {
        connections,
        hidden,
        filtered: args.provider.is_some() || !args.state.is_empty(),
        possible_orphans: orphans::possible_orphans(&finch, &scope).await?,
    };
    output::print(&report, json)?;
    Ok(report.exit())
}

async fn all(finch: &Finch, scope: &Scope) -> Result<Vec<Listed>, Failure> {
    let mut found = Vec::new();
    let mut from = None;
    loop {
        let page = in_scope!(scope, |scope| finch.connections(scope, from, PAGE).await)?;
        found.extend(
            page.items.into_iter().map(|view| Listed { attention: attention(&view), view }),
        );
        from = page.next;
        if from.is_none() {
            return Ok(found);
        }
    }
}

/// What somebody should look at, and what to do.
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
    let quarantined =
        view.tokens.iter().filter(|token| token.state == TokenState::Quarantined).count();
    if quarantined > 0 {
        said.push(format!(
            "{} contradicted what is known: not used here, and billed by Finch until it is disconnected: finch disconnect {id}",
            count(quarantined, "token", "tokens")
        ));
    }
    for token in view.tokens.iter().filter(|token| !token.state.is_revoked()) {
        if let Some(found) = token.trouble.as_ref().filter(|found| found.attention) {
            let text = trouble(&found.failure);
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
        for listed in &self.connections {
            let view = &listed.view;
            let state = connection_state(view.state);
            let state = match view.state {
                ConnectionState::Connected => good(state),
                ConnectionState::Disconnected => dim(state),
                _ => warn(state),
            };
            sheet.gap();
            sheet.line(format!("{}  {state}", bold(&format!("{:<20}", view.provider_id))));
            let company =
                view.company_id.as_ref().map_or("not named by Finch yet", |id| id.as_str());
            sheet.pair("employer", company);
            for (at, id) in view.connection_ids.iter().enumerate() {
                sheet.pair(if at == 0 { "connection_id" } else { "" }, id.as_str());
            }
            let active =
                view.tokens.iter().filter(|token| token.state == TokenState::Active).count();
            let tokens = count(view.tokens.len(), "token", "tokens");
            let customers = list(view.customers());
            let whose = if customers.is_empty() { "nobody".to_owned() } else { customers };
            sheet.pair("tokens", &format!("{tokens}, {active} active; of {whose}"));
            for text in &listed.attention {
                sheet.text(&format!("  {} ", warn("!")), text);
            }
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

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
