//! `finch verify`: whether everything in the store is what was written.

use finch_app::{BrokenRecord, Verified};
use serde::Serialize;

use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bad, good},
    progress::Progress,
    wiring,
    words::count,
};

#[derive(Serialize)]
struct Found {
    /// What SQLite and the schema show of the file.
    damage: Vec<String>,
    #[serde(flatten)]
    verified: Verified,
}

/// The file, the records and the secrets.
pub(crate) async fn run(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let scope = args.scope()?;
    let (finch, store) = wiring::open_store(&args.client).await?;
    let bar = Progress::of("Reading the file");
    let progress = bar.clone();
    let damage = store.verify(move |done, total| progress.at(done, total)).await?.damage;
    let bar = Progress::of("Opening secrets and following records");
    let verified = finch.verify(&scope, |done| bar.at(done, done)).await?;
    drop(bar);
    output::show(&Found { damage, verified }, json)
}

impl Found {
    fn is_sound(&self) -> bool {
        self.damage.is_empty() && self.verified.is_sound()
    }
}

impl Report for Found {
    fn human(&self, sheet: &mut Sheet) {
        let Verified { secrets, unreadable, events, broken_records, .. } = &self.verified;
        let mut say = |sound: bool, text: &str| {
            sheet.text(&format!("{} ", if sound { good("✓") } else { bad("✗") }), text);
        };
        let sound = self.damage.is_empty();
        say(sound, if sound { "The database is whole" } else { "The database is damaged" });
        let events = count(*events as usize, "event", "events");
        match broken_records.len() {
            0 => say(true, &format!("Every record is what was written: {events}")),
            n => {
                let records = count(n, "record is", "records are");
                say(false, &format!("{records} not what was written, of {events}"));
            }
        }
        let open = count(*secrets as usize, "secret opens", "secrets open");
        say(unreadable.is_empty(), &open);
        sheet.list("unreadable", unreadable);
        sheet.pairs("record", broken_records.iter().map(of));
        sheet.pairs("damage", &self.damage);
        if !self.is_sound() {
            sheet.pair("what to do", self.way_out());
        }
    }

    fn exit(&self) -> Exit {
        if self.is_sound() { Exit::Done } else { Exit::Store }
    }
}

/// Whose record it is.
fn of(record: &BrokenRecord) -> String {
    match (&record.connection, &record.connection_id) {
        (_, Some(id)) => format!("of connection {id}"),
        (Some(key), None) => format!("of connection number {}, which is not there", key.0.0),
        (None, None) => "of the store itself: its keys and backups".to_owned(),
    }
}

impl Found {
    fn way_out(&self) -> &'static str {
        if !self.damage.is_empty() || !self.verified.unreadable.is_empty() {
            "keep the file as it is, and restore a backup; tokens that no backup has: finch connect \
             --reauthenticate, and one disconnect ends both"
        } else {
            "the file was changed by something other than finch: find out by what, and compare with a backup"
        }
    }
}
