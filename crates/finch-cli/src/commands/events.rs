//! `finch events`: what happened, in order.

use std::time::Duration;

use clap::Args;
use finch_app::EventFilter;
use finch_core::{ConnectionId, Timestamp};
use futures_util::TryStreamExt as _;

use crate::{
    args::Whose,
    fail::{Exit, Failure},
    output::{self, BOLD, PLAIN, Sheet},
};

#[derive(Args)]
#[command(after_help = "\
Each connection's record is chained with the store's key: `finch verify` finds
what was changed or taken out.")]
pub(crate) struct EventsArgs {
    /// Only those of this connection
    #[arg(long, value_name = "ID")]
    connection: Option<ConnectionId>,
    /// Only since a day, a moment, or a time ago: 90m, 24h, 7d
    #[arg(long, value_name = "WHEN", value_parser = since)]
    since: Option<Timestamp>,
    #[command(flatten)]
    whose: Whose,
}

/// One by one, however long the record is; with `json`, one document all the same.
pub(crate) async fn run(args: &EventsArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    if let Some(id) = &args.connection {
        finch.connection(&scope, id).await?.ok_or_else(Failure::no_such_connection)?;
    }
    let filter = EventFilter { connection: args.connection.as_ref(), since: args.since };
    let mut events = finch.events(&scope, filter).stream();
    let write = |text: &str| output::write(anstream::stdout().lock(), text);
    let (mut is_first, mut of) = (true, None);
    write(if json { "{\"events\":[" } else { "" })?;
    while let Some(event) = events.try_next().await? {
        if json {
            write(if is_first { "" } else { "," })?;
            write(output::document(&event, false)?.trim_end())?;
        } else {
            let mut sheet = Sheet::default();
            if of.as_ref() != Some(&event.connection_id) {
                let id = event.connection_id.as_ref();
                let whose = id.map_or("the store".to_owned(), |id| format!("connection {id}"));
                sheet.line(format!("{BOLD}{whose}{PLAIN}"));
                of = Some(event.connection_id.clone());
            }
            sheet.event(&event);
            write(&sheet.render())?;
        }
        is_first = false;
    }
    match (json, is_first) {
        (true, _) => write("]}\n")?,
        (false, true) => write("Nothing is recorded here.\n")?,
        (false, false) => {}
    }
    Ok(Exit::Done)
}

/// A moment, a day's beginning in UTC, or how long ago.
fn since(text: &str) -> Result<Timestamp, &'static str> {
    const WRONG: &str =
        "must be a day (2026-11-22), a moment (2026-11-22T10:00:00Z), or a time ago (90m, 24h, 7d)";
    if let Ok(moment) = text.parse().or_else(|_| format!("{text}T00:00:00Z").parse()) {
        return Ok(moment);
    }
    let unit = match text.chars().last() {
        Some('m') => 60,
        Some('h') => 3600,
        Some('d') => 24 * 3600,
        _ => return Err(WRONG),
    };
    let number: u32 = text[..text.len() - 1].parse().map_err(|_| WRONG)?;
    Timestamp::now().checked_sub(Duration::from_secs(u64::from(number) * unit)).map_err(|_| WRONG)
}
