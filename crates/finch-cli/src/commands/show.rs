//! `finch show`: one connection, its tokens and their evidence, and for the operator its history.

use finch_app::{Events, Finch};
use finch_core::{ConnectionId, ConnectionView, Event, OperatorScope, TokenState, TokenView};
use serde::Serialize;

use super::connections::attention;
use crate::{
    args::ShowArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, dim, good, warn},
    wiring::{self, Scope, in_scope},
    words::{connection_state, event, moment, products, standing_in_the_way, token_state},
};

#[derive(Serialize)]
struct Shown {
    #[serde(flatten)]
    view: ConnectionView,
    attention: Vec<String>,
    /// None in a customer's scope.
    history: Option<Vec<Event>>,
}

pub(crate) async fn run(args: &ShowArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.whose.scope()?;
    let finch = wiring::open(&args.client).await?;
    let view = in_scope!(&scope, |scope| finch.connection(scope, &args.connection).await)?;
    let view = view.ok_or_else(Failure::no_such_connection)?;
    let history = match &scope {
        Scope::Operator(scope) => Some(history(&finch, scope, &args.connection).await?),
        Scope::Customer(_) => None,
    };
    let report = Shown { attention: attention(&view), view, history };
    output::print(&report, json)?;
    Ok(report.exit())
}

async fn history(
    finch: &Finch,
    scope: &OperatorScope,
    connection: &ConnectionId,
) -> Result<Vec<Event>, Failure> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let which = Events { connection: Some(connection), since: None, after };
        let page = finch.events(scope, &which, 1000).await?;
        found.extend(page.items);
        after = page.next;
        if after.is_none() {
            return Ok(found);
        }
    }
}

impl Report for Shown {
    fn human(&self, sheet: &mut Sheet) {
        let view = &self.view;
        sheet.line(format!(
            "{}  {}",
            bold(view.provider_id.as_str()),
            connection_state(view.state)
        ));
        let company = view.company_id.as_ref().map_or("not named by Finch yet", |id| id.as_str());
        sheet.pair("employer", company);
        for (at, id) in view.connection_ids.iter().enumerate() {
            sheet.pair(if at == 0 { "connection_id" } else { "" }, id.as_str());
        }
        for text in &self.attention {
            sheet.text(&format!("  {} ", warn("!")), text);
        }
        sheet.title("Tokens, oldest first");
        for (at, token) in view.tokens.iter().enumerate() {
            show_token(at + 1, token, view.connection_ids.len() > 1, sheet);
        }
        if let Some(history) = &self.history {
            sheet.title("History");
            for happened in history {
                sheet.text(
                    &format!("  {}  ", dim(&moment(happened.at))),
                    &event(happened, view.connection_ids.len() > 1),
                );
            }
        }
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

fn show_token(number: usize, token: &TokenView, several_ids: bool, sheet: &mut Sheet) {
    let state = token_state(&token.state);
    let mark = match token.state {
        TokenState::Active => good("✓"),
        TokenState::Revoked { .. } => dim("·"),
        _ => warn("!"),
    };
    sheet.text(&format!("{mark} {number:<2} "), &state);
    sheet.pair("products", &products(&token.products));
    sheet.pair("customer", token.customer.as_ref().map_or("nobody", |customer| customer.as_str()));
    sheet.pair("stored", &moment(token.added_at));
    if several_ids {
        sheet.pair("connection_id", token.connection_id.as_str());
    }
    if let Some(id) = &token.finch_token_id {
        sheet.pair("at Finch", id.as_str());
    }
    if let Some(trouble) = token.trouble.as_ref().filter(|_| !token.state.is_revoked()) {
        sheet.pair("in the way", &standing_in_the_way(trouble));
    }
    if let Some(next) = token.next_try.filter(|_| !token.state.is_revoked()) {
        sheet.pair("next try", &moment(next));
    }
}
