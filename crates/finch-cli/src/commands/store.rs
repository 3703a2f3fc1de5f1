//! `finch verify`, `finch backup`, `finch restore` and `finch store restored`: the store as a file.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use finch_app::{Finch, Verified};
use finch_sqlite::{BackedUp, Restored};
use serde::Serialize;

use crate::{
    args::{Client, Operator},
    fail::{Exit, Failure},
    output::{self, Report, Text},
    progress::Progress,
    wiring::{self, Needs, Settings},
};

#[derive(Args)]
#[command(after_help = "\
It is sealed as the store is, with the same key: keep a copy of that one
elsewhere. It is never overwritten.")]
pub(crate) struct BackupArgs {
    /// Where to put it; an existing file is never overwritten
    file: PathBuf,
    #[command(flatten)]
    client: Client,
}

#[derive(Args)]
#[command(after_help = "\
There must be no store yet: move an old one away, and keep it. Tokens that were
in use are handed out again once Finch was asked (finch reconcile).")]
pub(crate) struct RestoreArgs {
    /// The backup; it stays as it is
    file: PathBuf,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    /// Put every token in use in doubt, after a restore by other means
    #[command(after_help = "\
For a store that was not made by `finch restore`, such as a copy of its file or
a snapshot of its disk. Run it before any process uses the store. Tokens that
were in use are handed out again once Finch was asked (finch reconcile).")]
    Restored(Operator),
}

#[derive(Serialize)]
struct Found {
    /// What SQLite and the schema show of the file.
    damage: Vec<String>,
    #[serde(flatten)]
    verified: Verified,
}

pub(crate) async fn verify(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let scope = args.scope()?;
    let (finch, store) = wiring::open_store(&args.client).await?;
    let bar = Progress::of("Reading the file");
    let progress = bar.clone();
    let damage = store.verify(move |done, total| progress.at(done, total)).await?;
    let bar = Progress::of("Opening secrets and following records");
    let verified = finch.verify(&scope, |done| bar.at(done, done)).await?;
    drop(bar);
    output::show(&Found { damage, verified }, json)
}

impl Report for Found {
    fn headline(&self) -> Text {
        match self.exit() {
            Exit::Done => {
                "The database is whole, every record is what was written, every secret opens"
            }
            _ => "The store is not what was written",
        }
        .into()
    }

    fn next(&self) -> Text {
        if self.exit() == Exit::Done {
            return "".into();
        }
        "keep the file as it is, find out what has changed it, and restore a backup; tokens that no backup \
         has: finch connect --reauthenticate, and one disconnect ends both"
            .into()
    }

    fn exit(&self) -> Exit {
        let is_sound = self.damage.is_empty() && self.verified.is_sound();
        if is_sound { Exit::Done } else { Exit::Store }
    }
}

#[derive(Serialize)]
struct BackupMade {
    file: PathBuf,
    #[serde(flatten)]
    holds: BackedUp,
}

pub(crate) async fn backup(args: &BackupArgs, json: bool) -> Result<Exit, Failure> {
    let (_, store) = wiring::open_store(&args.client).await?;
    let bar = Progress::of("Copying pages");
    let progress = bar.clone();
    let holds = store.backup(&args.file, move |done, total| progress.at(done, total)).await?;
    drop(bar);
    Ok(output::done(&BackupMade { file: args.file.clone(), holds }, json))
}

impl Report for BackupMade {
    fn headline(&self) -> Text {
        "The store is backed up, sealed with the same key".into()
    }

    fn next(&self) -> Text {
        "keep the store's key too, and elsewhere: the backup cannot be restored without it, and both \
         together give every token away"
            .into()
    }
}

#[derive(Serialize)]
struct StoreMade {
    store: PathBuf,
    #[serde(flatten)]
    restored: Restored,
    /// Tokens that were in use.
    in_doubt: usize,
}

pub(crate) async fn restore(args: &RestoreArgs, json: bool) -> Result<Exit, Failure> {
    let scope = args.operator.scope()?;
    let (options, http, key) =
        Settings::read(&args.operator.client, Needs::NewStore)?.into_restore();
    let bar = Progress::of("Copying bytes");
    let restoring = finch_sqlite::restore(&args.file, &options, |done, total| bar.at(done, total))?;
    drop(bar);
    // The store gets its name only once nothing in it is handed out that may have ended since the backup.
    let store = Arc::new(restoring.store()?);
    let finch = Finch::builder(Arc::new(http), store, Arc::new(key)).open().await;
    let finch = finch.map_err(|error| Failure::during("the backup cannot be used", &error))?;
    let in_doubt = finch.doubt_all(&scope).await?;
    drop(finch);
    let report = StoreMade { store: options.path, restored: restoring.finish()?, in_doubt };
    Ok(output::done(&report, json))
}

impl Report for StoreMade {
    fn headline(&self) -> Text {
        "The store is restored. What was in use is in doubt: not handed out until Finch was asked"
            .into()
    }

    fn next(&self) -> Text {
        "`finch reconcile` asks Finch about each token in doubt, and continues open disconnects. Then \
         compare `finch connections` with Finch's dashboard: tokens that Finch issued after the backup are \
         not in it, and are billed. Let customers connect again whose connection is missing here; one \
         disconnect then ends the lost token too. If there is anything left of the lost store, keep it"
            .into()
    }
}

#[derive(Serialize)]
struct Doubted {
    in_doubt: usize,
}

/// For a store whose database was restored by other means.
pub(crate) async fn restored(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let in_doubt = finch.doubt_all(&scope).await?;
    Ok(output::done(&Doubted { in_doubt }, json))
}

impl Report for Doubted {
    fn headline(&self) -> Text {
        "What was in use is in doubt: not handed out until Finch was asked".into()
    }

    fn next(&self) -> Text {
        "finch reconcile".into()
    }
}
