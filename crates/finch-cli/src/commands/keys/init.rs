//! `finch keys init`: the key that seals a store.

use std::path::PathBuf;

use finch_seal::{Kek, KeySource, keyfile};
use finch_sqlite::StoreProblem;
use serde::Serialize;

use crate::{
    args::KeysInitArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    secrets::path_setting,
    wiring::{default_key_file, no_store},
};

#[derive(Serialize)]
struct Made {
    key_file: PathBuf,
    key_id: String,
}

pub(crate) fn init(args: &KeysInitArgs, json: bool) -> Result<Exit, Failure> {
    let key_file = match path_setting(args.key_file.as_ref(), "FINCH_STORE_KEY_FILE")? {
        Some(path) => path,
        None => beside_the_store(args)?,
    };
    let key = Kek::generate()?;
    keyfile::create(&key_file, &key)?;
    let made = Made { key_file, key_id: key.id().to_string() };
    Ok(output::done(&made, json))
}

/// Where the key of a store that does not exist yet is to be.
fn beside_the_store(args: &KeysInitArgs) -> Result<PathBuf, Failure> {
    let store = path_setting(args.store.as_ref(), "FINCH_STORE")?.ok_or_else(|| {
        Failure::usage("no path for the key")
            .help("give --key-file PATH, or set FINCH_STORE: the key's place is beside the store")
    })?;
    let key_file = default_key_file(&store);
    if let Some(error) = no_store(&store)
        && matches!(error.problem, StoreProblem::LogWithoutStore { .. })
    {
        return Err(error.into());
    }
    if store.exists() && !key_file.exists() {
        return Err(Failure::new(
            Exit::State,
            "key_missing",
            format!("the store {} exists, and no new key can open it", store.display()),
        )
        .help(format!(
            "put its own key back to {} (or set FINCH_STORE_KEY); for another store, set FINCH_STORE",
            key_file.display()
        )));
    }
    Ok(key_file)
}

impl Report for Made {
    fn human(&self, sheet: &mut Sheet) {
        sheet.done(&format!("A new key is in {}", self.key_file.display()));
        sheet.pair("key", &self.key_id);
        sheet.note(
            "Keep a copy of that file where no copy of the store is: the store cannot be opened \
             without it, and both together give every token away.",
        );
        sheet.note("Next: `finch connect` makes the store and begins the first connection.");
    }
}
