//! `finch show`: one connection, its tokens and their evidence, and for the operator its history.

use finch_app::EventFilter;
use finch_core::{ConnectionView, Event, Scope as _, TokenState, TokenView};
use serde::Serialize;

use super::connections::{self, attention};
use crate::{
    args::ShowArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, dim, good, warn},
    words::{connection_state, event, moment, products, token_state},
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
    let (scope, finch) = args.whose.open().await?;
    let view = finch.connection(&scope, &args.connection).await?;
    let view = view.ok_or_else(Failure::no_such_connection)?;
    let filter = EventFilter { connection: Some(&args.connection), since: None };
    let history = match scope.customer() {
        None => Some(finch.events(&scope, filter).all().await?),
        Some(_) => None,
    };
    let report = Shown { attention: attention(&view), view, history };
    output::show(&report, json)
}

impl Report for Shown {
    fn human(&self, sheet: &mut Sheet) {
        let view = &self.view;
        sheet.line(format!(
            "{}  {}",
            bold(view.provider_id.as_str()),
            connection_state(view.state)
        ));
        connections::show(view, &self.attention, sheet);
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
    sheet.pair("customer", token.customer.as_ref().map_or("none", |customer| customer.as_str()));
    sheet.pair("stored", &moment(token.added_at));
    if several_ids {
        sheet.pair("connection_id", token.connection_id.as_str());
    }
    sheet.pairs("at Finch", &token.finch_token_id);
    if !token.state.is_revoked() {
        let trouble = token.trouble.as_ref();
        let trouble = trouble.map(|found| format!("{}, {}", found.failure, moment(found.at)));
        sheet.pairs("in the way", trouble);
        sheet.pairs("next try", token.next_try.map(moment));
    }
}
