//! The store's file: who may use it, what it is, whether it is whole, and whether the key opens it.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use finch_app::KeysError;
use finch_core::FinchApi as _;
use finch_seal::{KeyRing, WrappedKeys};
use finch_sqlite::{Examined, OpenStoreError, examine};

use super::{Findings, settings::Settings};
use crate::{fail::Failure, words::bytes};

pub(super) async fn look(settings: &Settings, findings: &mut Findings) {
    let Some(path) = &settings.store else {
        return findings.not_looked_at("database", "it is not said where the store is");
    };
    let found = match examine(path) {
        Ok(found) => found,
        Err(error) => return findings.bad("database", Failure::from(error)),
    };
    findings.note("rights", rights(path).map_err(Failure::from));
    findings.note("database", whole(path, &found).map_err(Failure::from));
    application(path, &found, settings, findings);
    keys(&found, settings, findings).await;
}

/// Whether this user may write it. That others may not use it was checked before.
fn rights(path: &Path) -> Result<String, OpenStoreError> {
    let read_only = || OpenStoreError::ReadOnly { path: path.to_owned() };
    // Opened to append, and nothing is: this process has no store open whose locks that could drop.
    OpenOptions::new().append(true).open(path).map_err(|_| read_only())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = fs::metadata(folder.unwrap_or(Path::new("."))).map_err(|_| read_only())?;
    if found.permissions().mode() & 0o222 == 0 {
        return Err(read_only());
    }
    Ok("private, and writable".to_owned())
}

fn whole(path: &Path, found: &Examined) -> Result<String, OpenStoreError> {
    if !found.is_sound {
        let problem = "SQLite finds errors in it".to_owned();
        return Err(OpenStoreError::Corrupt { path: path.to_owned(), problem });
    }
    Ok(format!("whole: {}", bytes(found.bytes)))
}

fn application(path: &Path, found: &Examined, settings: &Settings, findings: &mut Findings) {
    let Some(http) = &settings.http else {
        return findings.not_looked_at("application", "the settings for Finch are incomplete");
    };
    let (bound, asked) = (found.application.clone(), http.application().clone());
    if bound == asked {
        findings.good("application", format!("{} at {}", bound.client_id, bound.origin));
    } else if found.is_empty {
        let says = format!(
            "{} at {}, which the store is bound to when it is next used: it is empty",
            asked.client_id, asked.origin
        );
        findings.good("application", says);
    } else {
        let path = path.to_owned();
        let error = OpenStoreError::OtherApplication { path, bound, asked };
        findings.bad("application", error.into());
    }
}

/// Whether the key opens the store's key ring.
async fn keys(found: &Examined, settings: &Settings, findings: &mut Findings) {
    let Some(keyring) = &found.keyring else {
        return findings.good("sealed", "nothing yet: the first use makes the store's keys");
    };
    let wrapped = match WrappedKeys::from_document(found.id.0, &keyring.document) {
        Ok(wrapped) => wrapped,
        Err(error) => return findings.bad("sealed", KeysError::from(error).into()),
    };
    let Some(key) = &settings.key else {
        return findings.not_looked_at("sealed", &format!("with key {}", wrapped.kek));
    };
    let opened = KeyRing::open(&**key, &wrapped).await;
    let says = opened.map(|_| format!("with key {}, which opens it", wrapped.kek));
    findings.note("sealed", says.map_err(|error| KeysError::from(error).into()));
    if wrapped.oldest() != wrapped.newest() {
        let says = format!("number {}; a rotation is under way", wrapped.newest());
        findings.warning("data key", says, "run `finch keys rotate`, which goes on with it");
    } else {
        findings.good("data key", format!("number {}", wrapped.newest()));
    }
}
