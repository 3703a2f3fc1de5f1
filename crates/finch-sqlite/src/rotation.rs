//! Rotation of the data key: a new epoch seals from its first commit on, and what older ones have sealed
//! is sealed anew, some rows a transaction. It may be killed at any row: whoever asks next goes on.

use finch_core::{Actor, Event, Happening, Timestamp, TokenId};
use finch_seal::{WrappedEpoch, epoch_of};
use rusqlite::{Connection, OptionalExtension as _, params};

use crate::{
    error::Result,
    keys, record,
    values::{self, number, seq},
    writer::Tx,
};

/// So many secrets are sealed anew in one transaction.
pub(crate) const BATCH: usize = 500;

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Rotated {
    /// The epoch that seals now.
    pub epoch: u32,
    /// Whether it went on with a rotation that was under way.
    pub joined: bool,
    /// How many secrets were sealed anew, by this call.
    pub resealed: u64,
    /// Tokens whose secret does not open: the older data keys stay for as long as there are any.
    pub unreadable: Vec<TokenId>,
}

/// What a rotation is called at, and by whom.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) by: Actor,
    pub(crate) at: Timestamp,
}

impl Asked {
    fn event(&self, what: Happening) -> Event {
        let (connection_id, customer) = (None, None);
        Event { at: self.at, by: self.by.clone(), connection_id, customer, what }
    }
}

/// Begins with the data key `next`, unless a rotation is under way, or has begun and ended since `next`
/// was made. Returns whether it is that one.
pub(crate) fn begin(tx: &Tx<'_>, next: &WrappedEpoch, asked: &Asked) -> Result<bool> {
    let sql = "SELECT max(epoch), count(*) FROM keys";
    let (newest, count): (u32, u32) =
        tx.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if count > 1 || newest + 1 != next.epoch {
        return Ok(true);
    }
    keys::insert(tx.db, next)?;
    tx.db.execute("UPDATE keys SET resealed = -1 WHERE epoch = ?1", [next.epoch])?;
    record::append(tx, &asked.event(Happening::RotationBegan { epoch: next.epoch }))?;
    Ok(false)
}

/// What one transaction did.
pub(crate) struct Batch {
    pub(crate) resealed: u64,
    /// How many it looked at; less than [`BATCH`]: those were the last.
    pub(crate) seen: usize,
    pub(crate) unreadable: Vec<TokenId>,
}

const NEXT: &str = "SELECT token, customer, sealed FROM secrets JOIN tokens ON id = token \
    WHERE token > ?1 ORDER BY token LIMIT ?2";

/// Seals the next secrets anew. None: there is no rotation under way any more.
pub(crate) fn reseal(tx: &Tx<'_>) -> Result<Option<Batch>> {
    let sql = "SELECT epoch, resealed FROM keys ORDER BY epoch DESC LIMIT 1";
    let (newest, resealed): (u32, Option<i64>) =
        tx.db.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let Some(resealed) = resealed else { return Ok(None) };
    let mut next = tx.db.prepare_cached(NEXT)?;
    let rows = next.query_map(params![resealed, BATCH as i64], |row| {
        Ok((row.get::<_, i64>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, Vec<u8>>(2)?))
    })?;
    let rows: Vec<_> = rows.collect::<rusqlite::Result<_>>()?;
    let mut batch = Batch { resealed: 0, seen: rows.len(), unreadable: Vec::new() };
    let last = rows.last().map(|(token, ..)| *token);
    for (token, customer, sealed) in rows {
        // A secret that was wiped, or sealed since the rotation began.
        if sealed.first() == Some(&0) || epoch_of(&sealed).ok() == Some(newest) {
            continue;
        }
        let id = TokenId(seq(token));
        match tx.sealer.unseal(tx.db, id, customer.as_deref(), &sealed) {
            Ok(secret) => {
                let sealed = tx.sealer.seal(id, customer.as_deref(), &secret)?;
                let sql = "UPDATE secrets SET sealed = ?2 WHERE token = ?1";
                tx.db.prepare_cached(sql)?.execute(params![token, sealed])?;
                batch.resealed += 1;
            }
            Err(_) => batch.unreadable.push(id),
        }
    }
    if let Some(last) = last {
        tx.db.execute("UPDATE keys SET resealed = ?2 WHERE epoch = ?1", [newest.into(), last])?;
        tx.wiped();
    }
    Ok(Some(batch))
}

/// How many secrets are still to be looked at.
pub(crate) fn left(db: &Connection) -> Result<u64> {
    let sql = "SELECT count(*) FROM secrets WHERE token > (SELECT max(resealed) FROM keys)";
    values::count(db, sql, [])
}

/// The tokens whose secrets are not sealed with the newest data key, out of all of them.
pub(crate) fn left_behind(db: &Connection) -> Result<Vec<TokenId>> {
    let sql = "SELECT token FROM secrets WHERE substr(sealed, 1, 1) <> x'00' \
        AND substr(sealed, 3, 4) <> (SELECT unhex(printf('%08x', max(epoch))) FROM keys)";
    let left: Vec<i64> = values::column(db, sql, [])?;
    Ok(left.into_iter().map(|id| TokenId(seq(id))).collect())
}

/// Destroys the older data keys. Nothing refers to them, and nobody seals with them any more.
pub(crate) fn finish(tx: &Tx<'_>, asked: &Asked) -> Result<()> {
    let sql = "UPDATE keys SET resealed = NULL \
        WHERE epoch = (SELECT max(epoch) FROM keys) AND resealed IS NOT NULL RETURNING epoch";
    // Another process may have been faster.
    let ended: Option<u32> = tx.db.query_row(sql, [], |row| row.get(0)).optional()?;
    if let Some(epoch) = ended {
        tx.db.execute("DELETE FROM keys WHERE epoch < ?1", [epoch])?;
        tx.wiped();
        record::append(tx, &asked.event(Happening::RotationEnded { epoch }))?;
    }
    Ok(())
}

/// Goes back to the first of those that were left behind.
pub(crate) fn go_back(tx: &Tx<'_>, to: TokenId) -> Result<()> {
    let sql = "UPDATE keys SET resealed = ?1 \
        WHERE epoch = (SELECT max(epoch) FROM keys) AND resealed IS NOT NULL";
    tx.db.execute(sql, [number(to.0) - 1])?;
    Ok(())
}
