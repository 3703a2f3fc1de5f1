//! `finch close`: an operator vouches for an end that Finch does not prove.

use clap::Args;
use finch_app::AttemptId;
use finch_core::{ConnectionId, Seq};
use serde::Serialize;

use super::disconnect::confirm;
use crate::{
    args::{Operator, reason},
    fail::{Exit, Failure},
    output::{self, Report, Sheet, Text},
};

#[derive(Args)]
#[command(after_help = "\
Examples:
  finch close CONNECTION --reason 'Finch support, ticket 4711: it has ended'
  finch close --exchange 12 --reason 'the dashboard shows no such connection'

The secrets are wiped: if a token lives on at Finch, nothing here can end it any
more, and it is billed.")]
pub(crate) struct CloseArgs {
    /// Any connection_id of a connection whose disconnect is open
    #[arg(required_unless_present = "exchange", conflicts_with = "exchange")]
    connection: Option<ConnectionId>,
    /// Or a lost exchange, by its number in `finch attention`
    #[arg(long, value_name = "N")]
    exchange: Option<u64>,
    /// How you know that no token lives on, for the record
    #[arg(long, value_name = "TEXT", value_parser = reason)]
    reason: String,
    /// Do not ask
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Closed {
    Disconnect { connection_id: ConnectionId, tokens: usize },
    Exchange { exchange: u64 },
}

pub(crate) async fn run(args: CloseArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.operator.open().await?;
    let exchange = args.exchange.unwrap_or_default();
    if !args.yes {
        let what = match &args.connection {
            Some(connection) => format!("the disconnect of connection {connection}"),
            None => format!("the lost exchange {exchange}"),
        };
        let vouch = format!(
            "You vouch, as {}, that no token of {what} lives on at Finch. If one does, nothing here can \
             end it any more, and it is billed.",
            scope.name()
        );
        let mut sheet = Sheet::default();
        sheet.text("", &vouch);
        confirm(sheet, &format!("Close {what}?"), "add --yes to close it", json)?;
    }
    let closed = match args.connection {
        Some(connection_id) => {
            let tokens = finch.close_disconnect(&scope, &connection_id, &args.reason).await?;
            Closed::Disconnect { connection_id, tokens }
        }
        None => {
            finch.dismiss_orphan(&scope, AttemptId(Seq(exchange)), &args.reason).await?;
            Closed::Exchange { exchange }
        }
    };
    Ok(output::done(&closed, json))
}

impl Report for Closed {
    fn headline(&self) -> Text {
        "Closed on your word.".into()
    }
}
