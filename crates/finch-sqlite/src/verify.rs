//! A look at everything that a store holds.

use finch_core::TokenId;
use rusqlite::Connection;

use crate::{
    error::Result,
    record::{self, RecordCheck},
    sealer::Sealer,
    values::{count, seq},
};

/// What to look at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// The database, the record and the secrets.
    Everything,
    /// Whether every secret opens.
    Secrets,
}

/// What a look at a store has shown.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// How many secrets open.
    pub secrets: u64,
    /// Tokens that are not revoked, and whose secret does not open.
    pub unreadable: Vec<TokenId>,
    /// The record of what happened, if it was looked at.
    pub record: Option<RecordCheck>,
    /// What SQLite finds wrong with the database.
    pub damage: Vec<String>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        let record = self.record.is_none_or(|record| record.broken_at.is_none());
        self.unreadable.is_empty() && self.damage.is_empty() && record
    }
}

/// Progress is told so often.
const EVERY: u64 = 1000;

const SEALED: &str = "SELECT id, customer, coalesce(sealed, x'') \
    FROM tokens LEFT JOIN secrets ON token = id WHERE state <> 'revoked' ORDER BY id";

pub(crate) fn verify(
    db: &Connection,
    sealer: &Sealer,
    what: What,
    mut progress: impl FnMut(u64, u64),
) -> Result<Verified> {
    let mut found = Verified::default();
    let secrets = count(db, "SELECT count(*) FROM tokens WHERE state <> 'revoked'", [])?;
    let mut before = 0;
    let mut total = secrets;
    if what == What::Everything {
        let mut check = db.prepare("PRAGMA integrity_check(20)")?;
        let said: Vec<String> =
            check.query_map([], |row| row.get(0))?.collect::<rusqlite::Result<_>>()?;
        found.damage = said.into_iter().filter(|line| line != "ok").collect();
        before = count(db, "SELECT count(*) FROM events", [])?;
        total += before;
        let told = |done: u64| {
            if done.is_multiple_of(EVERY) {
                progress(done, total);
            }
        };
        found.record = Some(record::check(db, &sealer.ring(), told)?);
    }
    let mut sealed = db.prepare(SEALED)?;
    let mut rows = sealed.query([])?;
    while let Some(row) = rows.next()? {
        let id = TokenId(seq(row.get(0)?));
        let customer: Option<String> = row.get(1)?;
        let blob = row.get_ref(2)?.as_blob().unwrap_or_default();
        match sealer.unseal(db, id, customer.as_deref(), blob) {
            Ok(_) => found.secrets += 1,
            Err(_) => found.unreadable.push(id),
        }
        let done = found.secrets + found.unreadable.len() as u64;
        if done.is_multiple_of(EVERY) {
            progress(before + done, total);
        }
    }
    progress(total, total);
    Ok(found)
}
