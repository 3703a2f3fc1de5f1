//! `finch close`: an operator vouches for an end that Finch does not prove.

use finch_app::AttemptId;
use finch_core::{ConnectionId, Seq};
use serde::Serialize;

use super::disconnect::confirm;
use crate::{
    args::CloseArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, Text},
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
