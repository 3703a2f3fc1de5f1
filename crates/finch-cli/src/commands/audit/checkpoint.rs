//! An audit that was stopped, kept beside its store until it is continued. It holds no secret.

use std::{
    fs,
    io::{self, Write},
    path::PathBuf,
    time::Duration,
};

use finch_app::{Audit, AuditOptions, Finch, Timestamp};
use finch_seal::access::folder_of;
use tempfile::NamedTempFile;

use crate::fail::{Exit, Failure};

/// An older one is no news any more: a new one begins.
const KEPT: Duration = Duration::from_secs(24 * 3600);

/// The file beside a store.
pub(super) struct Checkpoint(pub(super) PathBuf);

impl Checkpoint {
    /// The audit that is kept there, if it can be continued as it is wanted now.
    pub(super) fn find(&self, finch: &Finch, options: &AuditOptions) -> Option<Audit> {
        let audit: Audit = serde_json::from_slice(&fs::read(&self.0).ok()?).ok()?;
        let age = Timestamp::now().duration_since(audit.started_at);
        let same = audit.application == *finch.application()
            && (audit.unused_days, audit.fix) == (options.unused_days, options.fix);
        (same && !age.is_negative() && age.unsigned_abs() < KEPT).then_some(audit)
    }

    /// Keeps it: all of it, or what was there before.
    pub(super) fn keep(&self, audit: &Audit) -> Result<(), Failure> {
        let write = || {
            let mut file = NamedTempFile::new_in(folder_of(&self.0))?;
            file.write_all(&serde_json::to_vec(audit)?)?;
            file.as_file().sync_all()?;
            file.persist(&self.0).map_err(|error| error.error)?;
            io::Result::Ok(())
        };
        write().map_err(|error| {
            let message = format!("how far the audit is could not be kept in {}", self.0.display());
            Failure::new(Exit::Failed, "audit_not_kept", message)
                .because(&error)
                .help("make room on that disk, then run the same again")
        })
    }

    /// It has ended, or is to begin again.
    pub(super) fn clear(&self) -> Result<(), Failure> {
        match fs::remove_file(&self.0) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                let message = format!("{} could not be removed", self.0.display());
                Err(Failure::new(Exit::Failed, "audit_not_cleared", message)
                    .because(&error)
                    .help("remove it yourself"))
            }
            _ => Ok(()),
        }
    }
}
