//! `finch events`: what happened, in order.

use std::io;

use finch_app::{Event, EventFilter};
use finch_core::ConnectionId;
use futures_util::TryStreamExt as _;
use serde::Serialize;

use crate::{
    args::EventsArgs,
    fail::{Exit, Failure},
    output::{self, Sheet, bold, dim},
    words::{event, moment},
};

/// One by one, however long the record is; with `json`, one document all the same.
pub(crate) async fn run(args: &EventsArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.whose.open().await?;
    if let Some(id) = &args.connection {
        finch.connection(&scope, id).await?.ok_or_else(Failure::no_such_connection)?;
    }
    let filter = EventFilter { connection: args.connection.as_ref(), since: args.since };
    let mut events = finch.events(&scope, filter).stream();
    let (mut shown, mut heading) = (0, None);
    write(if json { "{\"events\":[" } else { "" })?;
    while let Some(happened) = events.try_next().await? {
        let text = match json {
            true => document(&happened, shown == 0)?,
            false => lines(&happened, &mut heading),
        };
        write(&text)?;
        shown += 1;
    }
    match (json, shown) {
        (true, _) => write("]}\n")?,
        (false, 0) => write("Nothing is recorded here.\n")?,
        (false, _) => {}
    }
    Ok(Exit::Done)
}

fn document(happened: &impl Serialize, first: bool) -> io::Result<String> {
    let text = output::document(happened, false)?;
    Ok(format!("{}{}", if first { "" } else { "," }, text.trim_end()))
}

/// Below the name of its connection, where that is another one than before.
fn lines(happened: &Event, heading: &mut Option<Option<ConnectionId>>) -> String {
    let mut sheet = Sheet::default();
    if heading.as_ref() != Some(&happened.connection_id) {
        let id = happened.connection_id.as_ref();
        sheet.line(bold(&id.map_or("the store".to_owned(), |id| format!("connection {id}"))));
        *heading = Some(happened.connection_id.clone());
    }
    sheet.text(&format!("  {}  ", dim(&moment(happened.at))), &event(happened, false));
    sheet.render()
}

fn write(text: &str) -> io::Result<()> {
    output::write(anstream::stdout().lock(), text)
}
