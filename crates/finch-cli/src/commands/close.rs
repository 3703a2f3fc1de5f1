//! `finch close`: an operator vouches for an end that Finch does not prove.

use finch_app::AttemptId;
use finch_core::{ConnectionId, Seq};
use serde::Serialize;

use super::disconnect::confirm;
use crate::{
    args::CloseArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    words::count,
};

#[derive(Serialize)]
#[serde(untagged)]
enum Closed {
    Disconnect { connection_id: ConnectionId, tokens: usize },
    Exchange { exchange: u64 },
}

pub(crate) async fn run(args: CloseArgs, json: bool) -> Result<Exit, Failure> {
    if args.reason.trim().is_empty() {
        return Err(Failure::usage("the reason is empty")
            .help("say in --reason how you know that no token lives on"));
    }
    let (scope, finch) = args.operator.open().await?;
    let what = match (&args.connection, args.exchange) {
        (Some(connection), _) => format!("the disconnect of connection {connection}"),
        (None, exchange) => format!("the lost exchange {}", exchange.unwrap_or_default()),
    };
    if !args.yes {
        let mut sheet = Sheet::default();
        sheet.paragraph(&format!(
            "You vouch, as {}, that no token of {what} lives on at Finch. If one does, nothing \
                 here can end it any more, and it is billed.",
            scope.name()
        ));
        confirm(sheet, &format!("Close {what}?"), "add --yes to close it", json)?;
    }
    let closed = match (args.connection, args.exchange) {
        (Some(connection_id), _) => {
            let tokens = finch.close_disconnect(&scope, &connection_id, &args.reason).await?;
            Closed::Disconnect { connection_id, tokens }
        }
        (None, exchange) => {
            let exchange = exchange.unwrap_or_default();
            finch.dismiss_orphan(&scope, AttemptId(Seq(exchange)), &args.reason).await?;
            Closed::Exchange { exchange }
        }
    };
    Ok(output::done(&closed, json))
}

impl Report for Closed {
    fn human(&self, sheet: &mut Sheet) {
        let said = match self {
            Self::Disconnect { connection_id, tokens } => format!(
                "Closed: connection {connection_id} counts as disconnected, {} on your word.",
                count(*tokens, "token", "tokens")
            ),
            Self::Exchange { exchange } => {
                format!("Closed: exchange {exchange} is off the list, on your word.")
            }
        };
        sheet.done(&said);
    }
}
