//! `finch restore` and `finch store restored`: what a restored store has in use is in doubt.

use std::{path::PathBuf, sync::Arc};

use finch_app::Finch;
use finch_sqlite::{Restored, restore};
use serde::Serialize;

use crate::{
    args::{Operator, RestoreArgs},
    fail::{Exit, Failure},
    output::{self, Report, Sheet, bold},
    progress::Progress,
    wiring::{Needs, Settings},
    words::{count, moment},
};

#[derive(Serialize)]
struct Done {
    store: PathBuf,
    #[serde(flatten)]
    restored: Restored,
    /// Tokens that were in use.
    in_doubt: usize,
}

pub(crate) async fn run(args: &RestoreArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.operator.scope()?;
    let (options, http, key) =
        Settings::read(&args.operator.client, Needs::NewStore)?.into_restore();
    let bar = Progress::of("Copying bytes");
    let restoring = restore(&args.file, &options, |done, total| bar.at(done, total))?;
    drop(bar);
    // The store gets its name only once nothing in it is handed out that may have ended since the backup.
    let store = Arc::new(restoring.store()?);
    let finch = Finch::builder(Arc::new(http), store, Arc::new(key)).open().await;
    let finch = finch.map_err(|error| Failure::during("the backup cannot be used", &error))?;
    let in_doubt = finch.doubt_all(&scope).await?;
    drop(finch);
    let report = Done { store: options.path, restored: restoring.finish()?, in_doubt };
    Ok(output::done(&report, json))
}

impl Report for Done {
    fn human(&self, sheet: &mut Sheet) {
        let Restored { taken, connections, open_disconnects, unfinished_exchanges, .. } =
            self.restored;
        let say = |number: u64, one, many| count(number as usize, one, many);
        let store = bold(&self.store.display().to_string());
        sheet.done(&format!("The store is restored: {store}"));
        sheet.pair("holds", &say(connections, "connection", "connections"));
        sheet.pair("knows", &format!("nothing of what happened after {}", moment(taken)));
        if self.in_doubt > 0 {
            let in_doubt = count(self.in_doubt, "token that was in use", "tokens that were in use");
            sheet.pair("in doubt", &format!("{in_doubt}: not handed out until Finch was asked"));
        }
        if open_disconnects > 0 {
            let open = say(open_disconnects, "disconnect", "disconnects");
            sheet.pair("open", &format!("{open}: finch reconcile continues"));
        }
        if unfinished_exchanges > 0 {
            let lost = say(unfinished_exchanges, "exchange", "exchanges");
            sheet.pair("unfinished", &format!("{lost}, whose token may be stored nowhere"));
        }
        sheet.title("What to do next");
        for (number, text) in NEXT.into_iter().enumerate() {
            sheet.text(&format!("  {}. ", number + 1), text);
        }
        sheet.gap();
        sheet.open(
            "Tokens that Finch issued after the backup are not in it, and are billed. If there is \
             anything left of the lost store, keep it.",
        );
    }
}

#[derive(Serialize)]
struct Doubted {
    in_doubt: usize,
}

/// The same for a store whose database was restored by other means.
pub(crate) async fn restored(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let in_doubt = finch.doubt_all(&scope).await?;
    Ok(output::done(&Doubted { in_doubt }, json))
}

impl Report for Doubted {
    fn human(&self, sheet: &mut Sheet) {
        if self.in_doubt == 0 {
            return sheet.done("No token is in use: there is nothing to put in doubt.");
        }
        let tokens =
            count(self.in_doubt, "token that was in use is", "tokens that were in use are");
        sheet.done(&format!("{tokens} in doubt: not handed out until Finch was asked"));
        sheet.pair("what to do", "finch reconcile");
    }
}

const NEXT: [&str; 2] = [
    "`finch reconcile` asks Finch about each token in doubt, and continues open disconnects.",
    "Compare `finch connections` with Finch's dashboard: let customers connect again whose connection is \
     missing here; one disconnect then ends the lost token too.",
];
