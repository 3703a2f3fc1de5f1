//! The last resort for a token that the store does not take: a file that only its owner can read.

use std::{
    env,
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use finch_app::UnstoredToken;
use finch_core::{Application, Timestamp};
use serde_json::json;

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
        match self.save(store) {
            Ok(path) => {
                let (exchange, shown) = (self.token.exchange.0.0, path.display());
                let help = format!(
                    "keep that file safe; {first}, then take the token in: finch import {shown}; \
                     then remove the file. Its exchange is listed as lost, after 10 minutes at the latest: \
                     finch close --exchange {exchange} --reason imported"
                );
                let saved = format!("; it is saved in {shown}");
                failure.message.push_str(&saved);
                failure.rescue_file = Some(path.into());
                failure.help(help)
            }
            Err(cause) => {
                let lost = ", and it could not be saved in a file either: it is lost here";
                failure.message.push_str(lost);
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

    fn save(&self, store: &Path) -> io::Result<PathBuf> {
        let text = self.contents();
        let beside = beside(store);
        write_new(&beside, &text).or_else(|error| {
            let name = beside.file_name().ok_or(error)?;
            write_new(&env::temp_dir().join(name), &text)
        })
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

fn beside(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(format!(".rescue-{}.json", Timestamp::now().strftime("%Y%m%dT%H%M%S%6fZ")));
    PathBuf::from(name)
}

fn write_new(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a token is of no use.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        // The file itself is safe; some file systems cannot do this to a folder.
        Ok(()) | Err(_) => Ok(path.to_owned()),
    }
}
