//! What is checked: the settings, the store's file and its key, and what Finch says to the settings.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    time::Duration,
};

use finch_app::KeysError;
use finch_core::{ClientSecret, FailureKind, FinchApi as _};
use finch_http::HttpFinch;
use finch_seal::access::folder_of;
use finch_seal::{Kek, KeyRing, KeySource as _, WrappedKeys};
use finch_sqlite::{Examined, StoreFileError, StoreProblem, examine};

use super::{Findings, Found};
use crate::{
    args::Client,
    fail::Failure,
    wiring::{client_id, client_secret, http, key, store_path},
};

/// A person waits.
const PATIENCE: Duration = Duration::from_secs(10);

pub(super) async fn all(client: &Client, findings: &mut Findings) {
    let id = findings.note("client id", client_id(client), ToString::to_string);
    let secret = match client_secret(client) {
        Ok(None) => {
            let says =
                "not given: `finch connect` and `finch exchange` need it; set FINCH_CLIENT_SECRET";
            findings.add("client secret", Found::Warning, says);
            None
        }
        given => findings.note("client secret", given, |_| "given".to_owned()).flatten(),
    };
    let has_secret = secret.is_some();
    let secret = secret.unwrap_or_else(|| ClientSecret::new(""));
    let http = id.and_then(|id| {
        let http = http(client, id, secret, Some(PATIENCE));
        findings.note("address", http, |http| http.application().origin.to_string())
    });
    let store = findings.note("store", store_path(client), |path| path.display().to_string());
    // Without a store there may be a key all the same, but none beside it.
    let path = store.clone().unwrap_or_else(|| PathBuf::from("finch.db"));
    let key = match key(client, &path, true) {
        Err(_) if store.is_none() => None,
        key => findings.note("key", key, |key| key.id().to_string()),
    };
    if let Some(path) = &store {
        check_store(path, http.as_ref(), key.as_ref(), findings).await;
    }
    if let Some(http) = &http {
        check_finch(http, has_secret, findings).await;
    }
}

/// Who may use the file, whether it is whole, whose it is, and whether the key opens it.
async fn check_store(
    path: &Path,
    http: Option<&HttpFinch>,
    key: Option<&Kek>,
    findings: &mut Findings,
) {
    let size = |found: &Examined| format!("{} KiB", found.bytes / 1024);
    let Some(found) = findings.note("database", examine(path), size) else { return };
    findings.note("rights", rights(path), |()| "private, and writable".to_owned());
    if let Some(http) = http {
        let (bound, asked) = (found.binding.application.clone(), http.application().clone());
        let is_bound = bound == asked;
        let says = format!("{} at {}", asked.client_id, asked.origin);
        let application = if is_bound || found.is_empty {
            Ok(())
        } else {
            Err(StoreProblem::OtherApplication { bound, asked }.at(path))
        };
        let when = if is_bound { "" } else { ", which the store is bound to when it is next used" };
        findings.note("application", application, |()| format!("{says}{when}"));
    }
    check_keys(&found, key, findings).await;
}

/// Whether this user may write it. That others may not use it was checked before.
fn rights(path: &Path) -> Result<(), StoreFileError> {
    let read_only = || StoreProblem::ReadOnly.at(path);
    // Opened to append, and nothing is: this process has no store open whose locks that could drop.
    OpenOptions::new().append(true).open(path).map_err(|_| read_only())?;
    let found = fs::metadata(folder_of(path)).map_err(|_| read_only())?;
    if found.permissions().mode() & 0o222 == 0 {
        return Err(read_only());
    }
    Ok(())
}

/// Whether the key opens the store's key ring.
async fn check_keys(found: &Examined, key: Option<&Kek>, findings: &mut Findings) {
    let Some(keyring) = &found.keyring else {
        return findings.good("sealed", "nothing yet: the first use makes the store's keys");
    };
    let wrapped = WrappedKeys::from_document(found.binding.store.0, &keyring.document);
    let says = |wrapped: &WrappedKeys| format!("with key {}", wrapped.kek);
    let Some(wrapped) = findings.note("sealed", wrapped.map_err(KeysError::from), says) else {
        return;
    };
    if let Some(key) = key {
        let opened = KeyRing::open(key, &wrapped).await.map_err(KeysError::from);
        findings.note("opened", opened, |_| "by the key that is given".to_owned());
    }
    if wrapped.oldest() == wrapped.newest() {
        findings.good("data key", format!("number {}", wrapped.newest()));
    } else {
        let says = "a rotation is under way: run `finch keys rotate`, which continues it";
        findings.add("data key", Found::Warning, says);
    }
}

/// Whether Finch answers, and knows the application.
async fn check_finch(http: &HttpFinch, has_secret: bool, findings: &mut Findings) {
    let origin = &http.application().origin;
    let (finch, credentials) = match http.check().await {
        Ok(_) => (Ok(()), Ok(())),
        Err(error) if error.failure_kind() == FailureKind::InvalidClient => {
            (Ok(()), Err(Failure::during("Finch refuses them", &error)))
        }
        Err(error) => {
            let answered = error.answer().is_some();
            let what = if answered { "answers, and not as it should" } else { "cannot be reached" };
            (Err(Failure::during(format!("{origin} {what}"), &error)), Ok(()))
        }
    };
    let answers = findings.note("Finch", finch, |()| format!("{origin} answers"));
    if answers.is_some() && has_secret {
        findings.note("credentials", credentials, |()| "Finch does not refuse them".to_owned());
    }
}
