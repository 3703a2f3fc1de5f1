//! `finch keys`: the keys that seal a store.

use std::{path::PathBuf, sync::Arc};

use clap::{Args, Subcommand};
use finch_app::{KeyStatus, Rotated};
use finch_seal::{Kek, KeyFileError, KeySource as _, keyfile};
use finch_sqlite::StoreProblem;
use serde::Serialize;

use crate::{
    args::Operator,
    fail::{Exit, Failure},
    output::{self, Report, Text},
    progress::Progress,
    secrets::clean_path,
    wiring::{default_key_file, no_store},
};

#[derive(Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a new key file; an existing one is never overwritten
    Init(KeysInitArgs),
    /// Show the key that opens the store, and a rotation under way
    Status(Operator),
    /// Make a new data key, and seal every secret again with it; online
    #[command(after_help = "\
Other processes may use the store meanwhile. Stopped half-way, the same command
continues.")]
    Rotate(Operator),
    /// Let another key open the store, and this one no longer
    RotateKek(RotateKekArgs),
}

#[derive(Args)]
pub(crate) struct KeysInitArgs {
    /// Where to put it (FINCH_STORE_KEY_FILE)
    #[arg(long, alias = "store-key-file", value_name = "PATH")]
    #[arg(env = "FINCH_STORE_KEY_FILE", value_parser = clean_path())]
    key_file: Option<PathBuf>,
    /// The store whose key it becomes (FINCH_STORE)
    #[arg(long, value_name = "PATH", env = "FINCH_STORE", value_parser = clean_path())]
    store: Option<PathBuf>,
}

#[derive(Args)]
#[command(after_help = "\
No secret is sealed again: only the store's own keys are wrapped with the new
key. Running processes are unaffected until their next start.")]
pub(crate) struct RotateKekArgs {
    /// The file of the new key; made if it is not there
    #[arg(long, value_name = "PATH")]
    to: PathBuf,
    #[command(flatten)]
    operator: Operator,
}

#[derive(Serialize)]
struct Made {
    key_file: PathBuf,
    key_id: String,
}

pub(crate) fn init(args: &KeysInitArgs, json: bool) -> Result<Exit, Failure> {
    let key_file = args.key_file.clone().map_or_else(|| beside_the_store(args), Ok)?;
    let key = Kek::generate()?;
    keyfile::create(&key_file, &key)?;
    Ok(output::done(&Made { key_file, key_id: key.id().to_string() }, json))
}

/// Where the key of a store that does not exist yet is to be.
fn beside_the_store(args: &KeysInitArgs) -> Result<PathBuf, Failure> {
    let store = args.store.as_ref().ok_or_else(|| {
        Failure::usage("no path for the key")
            .help("give --key-file PATH, or set FINCH_STORE: the key's place is beside the store")
    })?;
    let key_file = default_key_file(store);
    if let Some(error) = no_store(store)
        && matches!(error.problem, StoreProblem::LogWithoutStore { .. })
    {
        return Err(error.into());
    }
    if store.exists() && !key_file.exists() {
        let message = format!("the store {} exists, and no new key can open it", store.display());
        return Err(Failure::new(Exit::State, "key_missing", message).help(format!(
            "put its own key back to {} (or set FINCH_STORE_KEY); for another store, set FINCH_STORE",
            key_file.display()
        )));
    }
    Ok(key_file)
}

impl Report for Made {
    fn headline(&self) -> Text {
        "A new key is made".into()
    }

    fn next(&self) -> Text {
        "keep a copy of that file where no copy of the store is: the store cannot be opened without it, \
         and both together give every token away. Then `finch connect` makes the store"
            .into()
    }
}

pub(crate) async fn status(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    output::show(&finch.key_status(&scope).await?, json)
}

impl Report for KeyStatus {
    fn headline(&self) -> Text {
        match self.left_to_reseal {
            None => "The store opens with this key",
            Some(_) => "The store opens with this key, and a rotation is under way",
        }
        .into()
    }

    fn next(&self) -> Text {
        self.left_to_reseal.map_or("", |_| "finch keys rotate continues it").into()
    }

    fn exit(&self) -> Exit {
        if self.left_to_reseal.is_some() { Exit::LeftOpen } else { Exit::Done }
    }
}

pub(crate) async fn rotate(args: &Operator, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.open().await?;
    let bar = Progress::of("Sealing again");
    let mut total = 0;
    let rotated = finch.rotate(&scope, |left| {
        total = total.max(left);
        bar.at(total - left, total);
    });
    let report = rotated.await?;
    drop(bar);
    Ok(output::done(&report, json))
}

impl Report for Rotated {
    fn headline(&self) -> Text {
        let epoch = self.epoch;
        if self.unreadable.is_empty() {
            return format!("Data key {epoch} seals every secret; older ones are destroyed").into();
        }
        format!("Data key {epoch} seals what can be read; the older one is still needed").into()
    }

    fn next(&self) -> Text {
        if self.unreadable.is_empty() {
            return "backups that were made before still hold the older data keys, wrapped".into();
        }
        "restore these rows from a backup; or let their customers connect again, disconnect, and close what \
         stays open; then run the same again"
            .into()
    }

    fn exit(&self) -> Exit {
        if self.unreadable.is_empty() { Exit::Done } else { Exit::LeftOpen }
    }
}

#[derive(Serialize)]
struct OtherKek {
    key_file: PathBuf,
    key: String,
    replaces: String,
}

pub(crate) async fn rotate_kek(args: &RotateKekArgs, json: bool) -> Result<Exit, Failure> {
    let (scope, finch) = args.operator.open().await?;
    let replaces = finch.key_status(&scope).await?.key;
    // The new key is on disk before anything needs it; one that is there already continues from a call
    // that was cut off.
    let new = match keyfile::read(&args.to) {
        Err(KeyFileError::Missing { .. }) => {
            let new = Kek::generate()?;
            keyfile::create(&args.to, &new)?;
            new
        }
        found => found?,
    };
    let key = new.id().to_string();
    if key == replaces {
        let message = "the store opens with that key already";
        return Err(Failure::new(Exit::State, "key_in_use", message)
            .help("give its path from here on (--store-key-file, FINCH_STORE_KEY_FILE)"));
    }
    finch.replace_key(&scope, Arc::new(new)).await?;
    Ok(output::done(&OtherKek { key_file: args.to.clone(), key, replaces }, json))
}

impl Report for OtherKek {
    fn headline(&self) -> Text {
        "From here on the store opens with another key only".into()
    }

    fn next(&self) -> Text {
        format!(
            "set FINCH_STORE_KEY_FILE={} for every process that uses the store, and restart them. Keep a \
             copy of the new file where no copy of the store is, and the old key for as long as backups are \
             kept that were made before: destroying it destroys them",
            self.key_file.display()
        )
        .into()
    }
}
