//! The store's file: who may use it, what it is, whether it is whole, and whether the key opens it.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use finch_app::KeysError;
use finch_core::FinchApi as _;
use finch_seal::{KeyRing, WrappedKeys};
use finch_sqlite::{Examined, StoreFileError, StoreProblem, examine};

use super::{Findings, settings::Settings};
use crate::words::bytes;

pub(super) async fn check(settings: &Settings, findings: &mut Findings) {
    let Some(path) = &settings.store else {
        return findings.not_checked("database", "no store path is given");
    };
    let found = match examine(path) {
        Ok(found) => found,
        Err(error) => return findings.bad("database", error.into()),
    };
    findings.note("rights", rights(path), |()| "private, and writable".to_owned());
    findings.note("database", whole(path, &found), |()| format!("whole: {}", bytes(found.bytes)));
    application(path, &found, settings, findings);
    keys(&found, settings, findings).await;
}

/// Whether this user may write it. That others may not use it was checked before.
fn rights(path: &Path) -> Result<(), StoreFileError> {
    let read_only = || StoreProblem::ReadOnly.at(path);
    // Opened to append, and nothing is: this process has no store open whose locks that could drop.
    OpenOptions::new().append(true).open(path).map_err(|_| read_only())?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    let found = fs::metadata(folder.unwrap_or(Path::new("."))).map_err(|_| read_only())?;
    if found.permissions().mode() & 0o222 == 0 {
        return Err(read_only());
    }
    Ok(())
}

fn whole(path: &Path, found: &Examined) -> Result<(), StoreFileError> {
    if !found.is_sound {
        return Err(StoreProblem::Corrupt("SQLite finds errors in it".to_owned()).at(path));
    }
    Ok(())
}

fn application(path: &Path, found: &Examined, settings: &Settings, findings: &mut Findings) {
    let Some(http) = &settings.http else {
        return findings.not_checked("application", "the settings for Finch are incomplete");
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
        let error = StoreProblem::OtherApplication { bound, asked }.at(path);
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
        return findings.not_checked("sealed", &format!("with key {}", wrapped.kek));
    };
    let opened = KeyRing::open(&**key, &wrapped).await;
    let says = |_: &KeyRing| format!("with key {}, which opens it", wrapped.kek);
    findings.note("sealed", opened.map_err(KeysError::from), says);
    if wrapped.oldest() != wrapped.newest() {
        let says = format!("number {}; a rotation is under way", wrapped.newest());
        findings.warning("data key", says, "run `finch keys rotate`, which continues it");
    } else {
        findings.good("data key", format!("number {}", wrapped.newest()));
    }
}
