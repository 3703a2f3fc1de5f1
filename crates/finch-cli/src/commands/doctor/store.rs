//! The store's file: who may use it, what it is, whether it is whole, and whether the key opens it.

use std::{
    fs::{self, OpenOptions},
    os::unix::fs::PermissionsExt,
    path::Path,
};

use finch_core::FinchApi as _;
use finch_sqlite::{DataKey, Examined, OpenStoreError, examine};

use super::{Findings, settings::Settings};
use crate::{fail::Failure, words::bytes};

pub(super) fn look(settings: &Settings, findings: &mut Findings) {
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
    opens(&found, settings, findings);
    seals(&found.data_keys, findings);
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
    let version = match (found.version, found.known_version) {
        (old, known) if old < known as i64 => {
            format!("version {old}, brought to {known} when it is next used")
        }
        (version, _) => format!("version {version}"),
    };
    Ok(format!("whole: {}, {version}", bytes(found.bytes)))
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

fn opens(found: &Examined, settings: &Settings, findings: &mut Findings) {
    let Some(key) = &settings.key else {
        return findings.not_looked_at("sealed", &format!("with key {}", found.key));
    };
    let opened = found.opens_with(&**key);
    let says = opened.map(|()| format!("with key {}, which opens it", found.key));
    findings.note("sealed", says.map_err(Failure::from));
}

fn seals(data_keys: &[DataKey], findings: &mut Findings) {
    let Some(DataKey { epoch, seals, limit, .. }) = data_keys.last() else { return };
    let used = f64::from(*seals) / f64::from(*limit) * 100.0;
    let says = format!("number {epoch}, {used:.1} % of its seals spoken for");
    if used > 50.0 {
        let says = format!("{says}; at its limit nothing more can be sealed");
        findings.warning("data key", says, "run `finch keys rotate`");
    } else if data_keys.len() > 1 {
        let says = format!("{says}; a rotation is under way");
        findings.warning("data key", says, "run `finch keys rotate`, which goes on with it");
    } else {
        findings.good("data key", says);
    }
}
