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

#[cfg(test)]
mod tests {
    use std::{fs, os::unix::fs::PermissionsExt as _, time::Duration};

    use finch_app::{
        AuthorizationCode, CompleteConnectError, ConnectRequest, CustomerScope, Flow, Product,
    };
    use finch_emulator::Login;

    use crate::{Host, Settings};

    #[tokio::test]
    async fn a_token_that_the_store_does_not_take_is_in_a_private_file() {
        let store_patience = Duration::from_millis(50);
        let settings = Settings { store_patience, ..Settings::default() };
        let host = Host::start_with(settings).await.expect("a host");
        let scope = CustomerScope::new("acme-bakery".parse().expect("an id"));
        let request = ConnectRequest::new("Acme Bakery", vec![Product::Company], Flow::Embedded);
        let begun = host.finch.begin_connect(&scope, request).await.expect("an attempt");
        let customer = begun.finch_customer_id.expect("a new connection has one");
        let login =
            Login::new("Ada", "gusto", "Acme Bakery LLC", "X").customer_id(customer.as_str());
        let code = AuthorizationCode::new(host.emulator.issue_code(login));
        let store = rusqlite::Connection::open(host.folder().join("finch.db")).expect("the store");
        let full =
            "CREATE TRIGGER full BEFORE INSERT ON tokens BEGIN SELECT RAISE(ABORT, 'full'); END";
        store.execute_batch(full).expect("a store that takes no token");

        let failed = host.finch.complete_connect(&scope, begun.state, code).await;
        assert!(matches!(failed, Err(CompleteConnectError::Rescued { .. })), "{failed:?}");
        let files = fs::read_dir(host.folder()).expect("the folder").flatten();
        let mut files = files.map(|file| file.path());
        let file = files.find(|file| file.to_string_lossy().contains("rescue-")).expect("a file");
        let kept = fs::read_to_string(&file).expect("a file");
        let kept: serde_json::Value = serde_json::from_str(&kept).expect("JSON");
        let issued = &host.emulator.issued_tokens()[0];
        assert_eq!(kept["access_token"], issued.secret.as_str());
        assert_eq!(kept["customer"], "acme-bakery");
        assert_eq!(kept["connection_id"], issued.state.connection_id.as_str());
        assert_eq!(fs::metadata(&file).expect("a file").permissions().mode() & 0o777, 0o600);
        host.stop().await;
    }
}
