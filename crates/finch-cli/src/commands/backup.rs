//! `finch backup`: a copy of the store as it is at one moment, while it is in use.

use std::path::PathBuf;

use finch_sqlite::BackedUp;
use serde::Serialize;

use crate::{
    args::BackupArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold},
    progress::Progress,
    wiring,
    words::{bytes, count},
};

#[derive(Serialize)]
struct Done {
    file: PathBuf,
    #[serde(flatten)]
    holds: BackedUp,
}

pub(crate) async fn run(args: &BackupArgs, json: bool) -> Result<Exit, Failure> {
    let (_, store) = wiring::open_store(&args.client).await?;
    let bar = Progress::of("Copying pages");
    let progress = bar.clone();
    let holds = store.backup(&args.file, move |done, total| progress.at(done, total)).await?;
    drop(bar);
    let report = Done { file: args.file.clone(), holds };
    Ok(output::done(&report, json))
}

impl Report for Done {
    fn human(&self, sheet: &mut Sheet) {
        let BackedUp { bytes: length, connections, tokens, .. } = self.holds;
        let file = bold(&self.file.display().to_string());
        sheet.done(&format!("The store is backed up: {file}"));
        let connections = count(connections as usize, "connection", "connections");
        let tokens = count(tokens as usize, "token", "tokens");
        sheet.pair("holds", &format!("{connections} and {tokens}, {}", bytes(length)));
        sheet.pair("sealed", "as the store, with the same key");
        sheet.note(
            "Keep the store's key too, and elsewhere: the backup cannot be restored without it, \
             and both together give every token away.",
        );
    }
}
