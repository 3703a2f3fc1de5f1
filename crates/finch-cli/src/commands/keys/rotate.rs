//! `finch keys rotate` and `finch keys rotate-kek`: another data key, another key-encryption key.

use std::{path::PathBuf, sync::Arc};

use finch_app::Rotated;
use finch_seal::{Kek, KeyFileError, KeySource as _, keyfile};
use serde::Serialize;

use crate::{
    args::{Operator, RotateKekArgs},
    fail::{Exit, Failure},
    output::{self, Report, Sheet},
    progress::Progress,
    words::{count, list},
};

pub(crate) async fn data_key(args: &Operator, json: bool) -> Result<Exit, Failure> {
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
    fn human(&self, sheet: &mut Sheet) {
        let Rotated { epoch, joined, resealed, unreadable, .. } = self;
        if *joined {
            sheet.paragraph("A rotation that was under way went on.");
        }
        let resealed = count(*resealed as usize, "secret was", "secrets were");
        if unreadable.is_empty() {
            let text =
                format!("{resealed} sealed again with data key {epoch}; older ones are destroyed");
            sheet.done(&text);
            sheet.note("Backups that were made before still hold the older data keys, wrapped.");
            return;
        }
        let text =
            format!("{resealed} sealed again with data key {epoch}; the older one is still needed");
        sheet.open(&text);
        sheet.pair("unreadable", &list(unreadable));
        sheet.pair(
            "what to do",
            "restore these rows from a backup; or let their customers connect again, disconnect, and \
             close what stays open; then run the same again",
        );
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

pub(crate) async fn kek(args: &RotateKekArgs, json: bool) -> Result<Exit, Failure> {
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
        return Err(Failure::new(Exit::State, "key_in_use", "the store opens with that key already")
            .help("nothing is left to do: give its path from here on (--store-key-file, FINCH_STORE_KEY_FILE)"));
    }
    finch.replace_key(&scope, Arc::new(new)).await?;
    let report = OtherKek { key_file: args.to.clone(), key, replaces };
    Ok(output::done(&report, json))
}

impl Report for OtherKek {
    fn human(&self, sheet: &mut Sheet) {
        let file = self.key_file.display();
        sheet.done("From here on the store opens with another key only");
        sheet.pair("key", &self.key);
        sheet.pair("its file", &file.to_string());
        sheet.pair("replaces", &self.replaces);
        sheet.note(&format!(
                "Next: set FINCH_STORE_KEY_FILE={file} for every process that uses the store, and restart \
                 them. Keep a copy of the new file where no copy of the store is, and the old key for as \
                 long as backups are kept that were made before: destroying it destroys them."
            ),
        );
    }
}
