//! The second place for a token, where the store takes none: a file that only its owner can read.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::{Path, PathBuf},
};

use finch_app::{Timestamp, UnstoredToken};
use serde_json::json;

/// Keeps a token in a new file of the folder, of a form that `finch import` reads. It is on the disk when
/// this returns its path.
///
/// # Errors
/// It is not.
#[expect(clippy::disallowed_methods, reason = "EXPOSE: the token would be lost otherwise")]
pub(crate) async fn keep(unstored: &UnstoredToken, folder: &Path) -> io::Result<PathBuf> {
    let now = Timestamp::now();
    let (day, exchange) = (now.strftime("%Y%m%dT%H%M%SZ"), unstored.exchange.0.0);
    let file = folder.join(format!("rescue-{day}-{exchange}.json"));
    let contents = json!({
        "what": "a live Finch access token that could not be stored: keep this file secret",
        "access_token": unstored.token.expose(),
        "customer": unstored.customer,
        "connection_id": unstored.connection_id(),
        "exchange": unstored.exchange,
        "saved_at": now,
    });
    let folder = folder.to_owned();
    let written = tokio::task::spawn_blocking(move || {
        write_new(&file, &format!("{contents}\n"))?;
        File::open(folder)?.sync_all()?;
        Ok(file)
    });
    written.await?
}

fn write_new(file: &Path, contents: &str) -> io::Result<()> {
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file)?;
    let written = new.write_all(contents.as_bytes()).and_then(|()| new.sync_all());
    if written.is_err() {
        // Half a token is of no use.
        let _ = fs::remove_file(file);
    }
    written
}
