//! `finch keys init`: the key that seals a store.

use std::path::PathBuf;

use finch_seal::{Kek, KeySource, keyfile};
use serde::Serialize;

use crate::{
    args::KeysInitArgs,
    fail::{Exit, Failure},
    output::{self, Report, Sheet, good},
    secrets::path_setting,
    wiring::{default_key_file, store_path},
};

#[derive(Serialize)]
struct Made {
    key_file: PathBuf,
    key_id: String,
}

pub(crate) fn init(args: &KeysInitArgs, json: bool) -> Result<Exit, Failure> {
    let key_file = match path_setting(args.key_file.as_ref(), "FINCH_STORE_KEY_FILE") {
        Some(path) => path,
        None => default_key_file(&store_path(args.store.as_ref()).map_err(|_| {
            Failure::usage("it is not said where the key is to be").help(
                "give --key-file PATH, or set FINCH_STORE: the key's place is beside the store",
            )
        })?),
    };
    let key = Kek::generate()?;
    keyfile::create(&key_file, &key)?;
    let made = Made { key_file, key_id: key.id().to_string() };
    output::print(&made, json)?;
    Ok(made.exit())
}

impl Report for Made {
    fn human(&self, sheet: &mut Sheet) {
        sheet.line(format!("{} A new key is in {}", good("✓"), self.key_file.display()));
        sheet.pair("key", &self.key_id);
        sheet.gap();
        sheet.text(
            "",
            "Keep a copy of that file where no copy of the store is: without it nobody can open the \
             store, and whoever has both can read every token.",
        );
        sheet.gap();
        sheet.text("", "Next: `finch connect` makes the store and begins the first connection.");
    }

    fn exit(&self) -> Exit {
        Exit::Done
    }
}
