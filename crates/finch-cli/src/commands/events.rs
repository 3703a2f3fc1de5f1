//! `finch events`: what happened, in order.

use finch_app::EventFilter;
use futures_util::TryStreamExt as _;

use crate::{
    args::EventsArgs,
    fail::{Exit, Failure},
    output::{self, BOLD, PLAIN, Sheet},
};

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
