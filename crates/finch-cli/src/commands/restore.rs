//! `finch restore`: a store out of a backup, with everything in doubt that was in use.

use std::path::PathBuf;

use finch_core::{Scope as _, Timestamp};
use finch_sqlite::{Restored, restore};
use serde::Serialize;

use crate::{
    args::RestoreArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold, good, warn},
    progress::Progress,
    wiring,
    words::{count, moment},
};

#[derive(Serialize)]
struct Done {
    store: PathBuf,
    #[serde(flatten)]
    restored: Restored,
}

pub(crate) fn run(args: &RestoreArgs, json: bool) -> Result<Exit, Failure> {
    let by = args.operator.scope()?.actor();
    let options = wiring::to_restore(&args.client)?;
    let bar = Progress::of("Copying bytes");
    let told = |done, total| bar.at(done, total);
    let restored = restore(&args.file, &options, by, Timestamp::now(), told)?;
    drop(bar);
    let report = Done { store: options.path, restored };
    Ok(output::done(&report, json))
}

impl Report for Done {
    fn human(&self, sheet: &mut Sheet) {
        let Restored {
            taken, connections, in_doubt, open_disconnects, unfinished_exchanges, ..
        } = self.restored;
        let say = |number: u64, one, many| count(number as usize, one, many);
        let store = bold(&self.store.display().to_string());
        sheet.line(format!("{} The store is restored: {store}", good("✓")));
        sheet.pair("holds", &say(connections, "connection", "connections"));
        sheet.pair("knows", &format!("nothing of what happened after {}", moment(taken)));
        if in_doubt > 0 {
            let in_doubt = say(in_doubt, "token that was in use", "tokens that were in use");
            sheet.pair("in doubt", &format!("{in_doubt}: not handed out until Finch was asked"));
        }
        if open_disconnects > 0 {
            let open = say(open_disconnects, "disconnect", "disconnects");
            sheet.pair("open", &format!("{open}: finch reconcile goes on"));
        }
        if unfinished_exchanges > 0 {
            let lost = say(unfinished_exchanges, "exchange", "exchanges");
            sheet.pair("unfinished", &format!("{lost}, whose token nobody may have"));
        }
        sheet.title("What to do next");
        for (number, text) in NEXT.into_iter().enumerate() {
            sheet.text(&format!("  {}. ", number + 1), text);
        }
        sheet.gap();
        sheet.text(
            &format!("{} ", warn("!")),
            "Tokens that Finch issued after the backup are not in it, and are billed. If there is anything \
             left of the lost store, keep it.",
        );
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}

const NEXT: [&str; 3] = [
    "`finch reconcile` asks Finch about each token in doubt, and goes on with open disconnects.",
    "Compare `finch connections` with Finch's dashboard: let customers connect again whose connection is \
     missing here; one disconnect then ends the lost token too.",
    "`finch keys rotate` destroys the data key of the backup's time: nobody knows what it has sealed since.",
];
