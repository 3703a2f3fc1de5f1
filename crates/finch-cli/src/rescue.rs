//! The last resort for a token that the store does not take: a file that only its owner can read.

use std::{
    env,
    ffi::OsString,
    fs::{File, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use finch_core::{Application, Grant, StoreError, Timestamp};
use serde_json::json;

use crate::fail::{Exit, Failure, store_failed};

/// Saves a token that the store did not take, and says where it is now.
pub(crate) fn rescued(
    store: &Path,
    application: &Application,
    grant: &Grant,
    why: &StoreError,
) -> Failure {
    let mut failure =
        store_failed("Finch issued a token that could not be stored: it is live, and billed", why);
    (failure.exit, failure.kind) = (Exit::TokenAtLarge, "not_stored");
    let connection = &grant.facts.connection_id;
    let end_both = format!(
        "mend the store and connect this customer again: the new token joins the same connection \
         ({connection}), and one disconnect ends both"
    );
    match rescue(store, application, grant) {
        Ok(path) => {
            let saved = format!("; it is saved in {}", path.display());
            failure.message.push_str(&saved);
            failure.rescue_file = Some(path.into());
            failure.help(format!("keep that file safe; {end_both}; then remove the file"))
        }
        Err(cause) => {
            let lost = ", and it could not be saved in a file either: nobody has it now";
            failure.message.push_str(lost);
            failure
                .because(&cause)
                .help(format!("{end_both}. `finch reconcile` lists it after 10 minutes"))
        }
    }
}

/// Writes the token and what is known of it beside the store, or else where temporary files are,
/// and makes it durable.
fn rescue(store: &Path, application: &Application, grant: &Grant) -> io::Result<PathBuf> {
    let text = contents(application, grant);
    let beside = beside(store);
    write_new(&beside, &text).or_else(|error| {
        let name = beside.file_name().ok_or(error)?;
        write_new(&env::temp_dir().join(name), &text)
    })
}

fn beside(store: &Path) -> PathBuf {
    let mut name = OsString::from(store);
    name.push(format!(".rescue-{}.json", Timestamp::now().strftime("%Y%m%dT%H%M%S%6fZ")));
    PathBuf::from(name)
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: the token would be lost otherwise")]
fn contents(application: &Application, grant: &Grant) -> String {
    let value = json!({
        "what": "a live Finch access token that could not be stored; keep this file secret",
        "access_token": grant.secret.expose(),
        "issued": grant.facts,
        "application": application,
        "saved_at": Timestamp::now(),
    });
    format!("{value:#}\n")
}

fn write_new(path: &Path, text: &str) -> io::Result<PathBuf> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    if let Err(error) = written {
        // Half a token helps nobody.
        let _ = std::fs::remove_file(path);
        return Err(error);
    }
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match File::open(folder.unwrap_or(Path::new("."))).and_then(|folder| folder.sync_all()) {
        // The file itself is safe; some file systems cannot do this to a folder.
        Ok(()) | Err(_) => Ok(path.to_owned()),
    }
}
