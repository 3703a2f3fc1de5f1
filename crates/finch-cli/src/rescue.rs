//! The last resort for a token that the store does not take: a file that only its owner can read.

use std::{
    env,
    fs::File,
    io::{self, Write},
    path::{Path, PathBuf},
};

use finch_app::UnstoredToken;
use finch_core::{Application, Timestamp};
use finch_seal::access::folder_of;
use serde_json::json;
use tempfile::Builder;

use crate::fail::{Exit, Failure};

/// A token that the store did not take.
pub(crate) struct Rescued {
    pub(crate) application: Application,
    pub(crate) token: Box<UnstoredToken>,
}

impl Rescued {
    /// Saves it beside the store, or else where temporary files are. Returns the failure that kept it
    /// out of the store, with where the token is now. `first` is what to do before it can be imported.
    pub(crate) fn save_beside(&self, store: &Path, mut failure: Failure, first: &str) -> Failure {
        (failure.exit, failure.kind) = (Exit::TokenAtLarge, "not_stored");
        let name = store.file_name().unwrap_or_default().to_string_lossy();
        let save = |folder: &Path| self.save(folder, &name);
        match save(folder_of(store)).or_else(|_| save(&env::temp_dir())) {
            Ok(path) => {
                let (exchange, shown) = (self.token.exchange.0.0, path.display());
                let help = format!(
                    "keep that file safe; {first}, then take the token in: finch import {shown}; \
                     then remove the file. Its exchange is listed as lost, after 10 minutes at the latest: \
                     finch close --exchange {exchange} --reason imported"
                );
                failure.message.push_str(&format!("; it is saved in {shown}"));
                failure.rescue_file = Some(path.into());
                failure.help(help)
            }
            Err(cause) => {
                failure.message.push_str("; it could not be saved in a file either, and is lost");
                let own =
                    self.token.connection_id().map(|id| format!(" ({id})")).unwrap_or_default();
                failure.because(&cause).help(format!(
                    "{first}, and connect this customer again: the new token joins the same \
                     connection{own}, and one disconnect ends both. `finch reconcile` lists it after \
                     10 minutes",
                ))
            }
        }
    }

    /// A file that is there whole or not at all. Some file systems cannot flush a folder: the file is safe there.
    fn save(&self, folder: &Path, store: &str) -> io::Result<PathBuf> {
        let prefix = format!("{store}.rescue-");
        let mut file = Builder::new().prefix(&prefix).suffix(".json").tempfile_in(folder)?;
        file.write_all(self.contents().as_bytes())?;
        file.as_file().sync_all()?;
        let (_, path) = file.keep().map_err(|error| error.error)?;
        let _ = File::open(folder).and_then(|folder| folder.sync_all());
        Ok(path)
    }

    /// One line, as `finch import` reads it.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the token would be lost otherwise")]
    fn contents(&self) -> String {
        let Self { application, token } = self;
        let value = json!({
            "what": "a live Finch access token that could not be stored; keep this file secret",
            "access_token": token.token.expose(),
            "customer": token.customer,
            "connection_id": token.connection_id(),
            "issued": token.issued,
            "application": application,
            "exchange": token.exchange,
            "saved_at": Timestamp::now(),
        });
        format!("{value}\n")
    }
}
