//! `finch verify`: a look at everything that the store holds.

use finch_sqlite::{RecordCheck, Verified, What};
use serde::Serialize;

use crate::{
    args::StoreArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bad, good},
    progress::Progress,
    wiring,
    words::{count, list},
};

#[derive(Serialize)]
#[serde(transparent)]
struct Found(Verified);

/// The database, the record and the secrets.
pub(crate) async fn run(args: &StoreArgs, json: bool) -> Result<Exit, Failure> {
    look(args, What::Everything, json).await
}

/// `finch keys verify`: whether every secret opens.
pub(crate) async fn secrets(args: &StoreArgs, json: bool) -> Result<Exit, Failure> {
    look(args, What::Secrets, json).await
}

async fn look(args: &StoreArgs, what: What, json: bool) -> Result<Exit, Failure> {
    let store = wiring::open_store(&args.client)?;
    let bar = Progress::of("Looking");
    let told = bar.clone();
    let report = Found(store.verify(what, move |done, total| told.at(done, total)).await?);
    drop(bar);
    output::print(&report, json)?;
    Ok(report.exit())
}

impl Report for Found {
    fn human(&self, sheet: &mut Sheet) {
        let Verified { secrets, unreadable, record, damage, .. } = &self.0;
        let mut say = |sound: bool, text: &str| {
            sheet.text(&format!("{} ", if sound { good("✓") } else { bad("✗") }), text);
        };
        if record.is_some() {
            say(
                damage.is_empty(),
                if damage.is_empty() { "The database is whole" } else { "The database is damaged" },
            );
        }
        if let Some(record) = record {
            say(record.broken_at.is_none(), &about(record));
        }
        let open = count(*secrets as usize, "secret opens", "secrets open");
        say(unreadable.is_empty(), &open);
        if !unreadable.is_empty() {
            sheet.pair("unreadable", &list(unreadable));
        }
        for line in damage {
            sheet.pair("damage", line);
        }
        if !self.0.is_sound() {
            sheet.pair("what to do", way_out(&self.0));
        }
    }

    fn exit(&self) -> Exit {
        if self.0.is_sound() { Exit::Done } else { Exit::Store }
    }
}

fn about(record: &RecordCheck) -> String {
    let events = count(record.events as usize, "event", "events");
    let unchained = match record.unchained {
        0 => String::new(),
        old => format!("; the first {old} are from before the record was protected"),
    };
    match record.broken_at {
        None => format!("The record is what was written: {events}{unchained}"),
        Some(0) => format!("The record lacks its newest events: {events} are left{unchained}"),
        Some(id) => format!(
            "The record was changed: event {id} is not what was written, or some before it are missing{unchained}"
        ),
    }
}

fn way_out(found: &Verified) -> &'static str {
    if !found.damage.is_empty() || !found.unreadable.is_empty() {
        "keep the file as it is, and restore a backup; tokens that no backup has: finch connect \
         --reauthenticate, and one disconnect ends both"
    } else {
        "somebody with access to the file has changed it: find out who, and compare with a backup"
    }
}
