//! The store's keys, its record and its secrets, as an operator looks after them. All of it works while
//! the store is in use, by this process and others.

use std::sync::Arc;

use finch_core::{Actor, Event, Happening, StoreError, Timestamp};
use finch_seal::KeySource;

use super::SqliteTokenStore;
use crate::{
    KeyStatus, Rotated, Verified,
    error::{Fault, broken},
    identity::wrapped_keys,
    keys, record,
    rotation::{self, Asked, BATCH},
    verify,
};

impl SqliteTokenStore {
    /// How the store's keys are. It counts the tokens: a second for each ten million.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn key_status(&self) -> Result<KeyStatus, StoreError> {
        self.read(keys::status).await
    }

    /// Rotates the data key: makes a new one, seals every secret anew with it, and destroys the older
    /// ones. A rotation that is under way, or was cut off, goes on instead of a new one. `progress` hears
    /// how many secrets are left, in between.
    ///
    /// # Errors
    /// [`StoreError`]; what is done so far is kept.
    pub async fn rotate(
        &self,
        by: Actor,
        at: Timestamp,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Rotated, StoreError> {
        let asked = Asked { by, at };
        let joined = self.begin_rotation(&asked).await?;
        let (mut resealed, mut unreadable) = (0, Vec::new());
        loop {
            let mut left = self.read(rotation::left).await?;
            progress(left);
            while let Some(batch) = self.writer.write_sealing(BATCH, rotation::reseal).await? {
                resealed += batch.resealed;
                unreadable.extend(batch.unreadable);
                left = left.saturating_sub(batch.seen as u64);
                progress(left);
                if batch.seen < BATCH {
                    break;
                }
            }
            let left = self.read(rotation::left_behind).await?;
            match left.iter().find(|id| !unreadable.contains(id)) {
                // Unread since an earlier call: tried once more.
                Some(first) => {
                    let first = *first;
                    self.writer.write(move |tx| rotation::go_back(tx, first)).await?;
                }
                None => {
                    if left.is_empty() {
                        self.writer.write(move |tx| rotation::finish(tx, &asked)).await?;
                    }
                    let epoch = self.sealer.epoch();
                    return Ok(Rotated { epoch, joined, resealed, unreadable: left });
                }
            }
        }
    }

    /// Whether one was under way.
    async fn begin_rotation(&self, asked: &Asked) -> Result<bool, StoreError> {
        let (reload, make) = (Arc::clone(&self.sealer), Arc::clone(&self.sealer));
        let next = move |db: &rusqlite::Connection| {
            make.reload(db)?;
            make.ring().next_epoch(&*make.source()).map_err(Fault::Seal)
        };
        let (next, asked) = (self.read(next).await?, asked.clone());
        let joined = self.writer.write(move |tx| rotation::begin(tx, &next, &asked)).await?;
        self.read(move |db| reload.reload(db)).await?;
        Ok(joined)
    }

    /// Wraps the store's keys with another key-encryption key, in one transaction. Nothing is sealed anew;
    /// from here on the store opens with the new key only. Keep the old one for as long as backups are
    /// kept that were made before.
    ///
    /// # Errors
    /// [`StoreError::Backend`] with a [`SealError`](finch_seal::SealError): either key does not work; nothing was changed.
    pub async fn replace_key(
        &self,
        new: Arc<dyn KeySource>,
        by: Actor,
        at: Timestamp,
    ) -> Result<(), StoreError> {
        loop {
            let (sealer, to) = (Arc::clone(&self.sealer), Arc::clone(&new));
            let (before, after) = self
                .read(move |db| {
                    let before = wrapped_keys(db)?.ok_or_else(|| broken("its keys"))?;
                    let after = before.rewrap(&*sealer.source(), &*to).map_err(Fault::Seal)?;
                    Ok((before, after))
                })
                .await?;
            let key = after.kek.as_str().to_owned();
            let (connection_id, customer) = (None, None);
            let replaced = Some(before.kek.as_str().to_owned());
            let what = Happening::KeyReplaced { key, replaced };
            let event = Event { at, by: by.clone(), connection_id, customer, what };
            let written = self.writer.write(move |tx| {
                if wrapped_keys(tx.db)?.as_ref() != Some(&before) {
                    return Err(Fault::Moved);
                }
                keys::replace(tx.db, &after)?;
                tx.wiped();
                record::append(tx, &event)
            });
            match written.await {
                Ok(()) => {
                    self.sealer.use_source(new);
                    return Ok(());
                }
                // Somebody has rotated meanwhile.
                Err(Fault::Moved) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
    }

    /// Looks at everything: whether the database is whole, whether the record is what was written, and
    /// whether every secret opens. It reads all of it, and changes nothing. `progress` hears how much is
    /// done, and of how much.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read at all.
    pub async fn verify(
        &self,
        what: verify::What,
        progress: impl FnMut(u64, u64) + Send + 'static,
    ) -> Result<Verified, StoreError> {
        let sealer = Arc::clone(&self.sealer);
        self.read(move |db| verify::verify(db, &sealer, what, progress)).await
    }
}
