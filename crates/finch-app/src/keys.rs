//! Keys: how a store's keys are, rotation of the data key, and replacement of the key that wraps them.

use std::sync::Arc;

use finch_core::{
    Actor, Commit, ConnectionFilter, ConnectionKey, Event, EventKind, Keyring, OperatorScope,
    Selector, StoreError, TokenId,
};
use finch_seal::{KeySource, WrappedKeys};
use serde::Serialize;

use crate::{Finch, KeysError};

/// How a store's keys are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct KeyStatus {
    /// The name of the key-encryption key, which is kept outside of the store.
    pub key: String,
    /// The numbers of the data keys, oldest first; each sealed secret carries one. More than one: a rotation is
    /// under way.
    pub data_keys: Vec<u32>,
    /// While a rotation is under way: how many connections it still has to seal again.
    pub left_to_reseal: Option<u64>,
}

/// What a rotation did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Rotated {
    /// The number of the data key that seals now.
    pub epoch: u32,
    /// Whether it went on with a rotation that was under way.
    pub joined: bool,
    /// How many secrets were sealed again, by this call.
    pub resealed: u64,
    /// Tokens whose secret does not open: the older data keys stay for as long as there are any.
    pub unreadable: Vec<TokenId>,
}

/// How a key ring is replaced.
#[derive(Clone, Copy)]
enum KeyChange<'a> {
    /// A new data key seals from here on, unless a rotation is under way.
    Begin,
    /// Older data keys than this are destroyed.
    End(u32),
    /// It is wrapped with this key.
    Replace(&'a dyn KeySource),
}

impl Finch {
    /// How the store's keys are.
    #[doc = example!(
        r#"println!("the store opens with key {}", finch.key_status(operator).await?.key);"#,
    )]
    pub async fn key_status(&self, _scope: &OperatorScope) -> Result<KeyStatus, KeysError> {
        let (_, keys) = self.wrapped_keys().await?;
        let data_keys: Vec<_> = keys.epochs.iter().map(|key| key.epoch).collect();
        let left_to_reseal = match data_keys.len() {
            0 | 1 => None,
            _ => Some(self.count_sealed_before(keys.newest()).await?),
        };
        Ok(KeyStatus { key: keys.kek.as_str().to_owned(), data_keys, left_to_reseal })
    }

    /// Rotates the data key: adds a new one, seals every secret again with it, and destroys the older ones. A
    /// rotation that is under way, or was cut off, goes on instead. Other processes may use the store meanwhile.
    /// `progress` gets how many connections are left.
    #[doc = example!(
        r#"let rotated = finch.rotate(operator, |left| println!("{left} connections are left")).await?;"#,
    )]
    /// # Errors
    /// [`KeysError`]; what is done so far is kept.
    pub async fn rotate(
        &self,
        scope: &OperatorScope,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Rotated, KeysError> {
        let joined = !self.change_keys(scope, KeyChange::Begin).await?;
        self.inner.vault.reload().await?;
        let epoch = self.inner.vault.epoch();
        let mut resealed = 0;
        loop {
            let mut left = self.count_sealed_before(epoch).await?;
            progress(left);
            let mut unreadable = Vec::new();
            let mut listed = self.listed(ConnectionFilter::SealedBefore(epoch), None);
            while let Some(connection) = listed.next_key().await? {
                resealed += self.reseal(connection, &mut unreadable).await?;
                left = left.saturating_sub(1);
                progress(left);
            }
            if !unreadable.is_empty() {
                return Ok(Rotated { epoch, joined, resealed, unreadable });
            }
            match self.change_keys(scope, KeyChange::End(epoch)).await {
                Ok(_) => {
                    self.inner.vault.reload().await?;
                    return Ok(Rotated { epoch, joined, resealed, unreadable });
                }
                // Another process has sealed something with an older data key meanwhile.
                Err(KeysError::Store(StoreError::OldEpoch)) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Wraps the store's keys with another key-encryption key. Nothing is sealed again; from here on the store
    /// opens with the new key only. Keep the old one for as long as backups are kept that were made before.
    #[doc = example!(
        r#"let new = keyfile::read("new.key")?;"#,
        "finch.replace_key(operator, std::sync::Arc::new(new)).await?;",
    )]
    /// # Errors
    /// [`KeysError`]: nothing was changed.
    pub async fn replace_key(
        &self,
        scope: &OperatorScope,
        new: Arc<dyn KeySource>,
    ) -> Result<(), KeysError> {
        self.change_keys(scope, KeyChange::Replace(&*new)).await?;
        self.inner.vault.use_source(new);
        Ok(())
    }

    /// Replaces the key ring; again where another process was faster. False: there is nothing to change.
    async fn change_keys(
        &self,
        scope: &OperatorScope,
        change: KeyChange<'_>,
    ) -> Result<bool, KeysError> {
        loop {
            let (keyring, mut keys) = self.wrapped_keys().await?;
            let kind = match change {
                KeyChange::Begin => {
                    self.inner.vault.reload().await?;
                    if keys.oldest() != keys.newest() {
                        return Ok(false);
                    }
                    keys.add(self.inner.vault.next_epoch().await?);
                    EventKind::RotationBegan { epoch: keys.newest() }
                }
                // Another process may have been faster, or may have begun the next one.
                KeyChange::End(epoch) if keys.oldest() >= epoch => return Ok(false),
                KeyChange::End(epoch) => {
                    keys.forget_below(epoch);
                    EventKind::RotationEnded { epoch }
                }
                KeyChange::Replace(new) => {
                    let replaced = Some(keys.kek.as_str().to_owned());
                    keys = match keys.rewrap(&*self.inner.vault.source(), new).await {
                        Ok(keys) => keys,
                        Err(error) => {
                            return Err(KeysError::explained(&*self.inner.store, error).await);
                        }
                    };
                    EventKind::KeyReplaced { key: keys.kek.as_str().to_owned(), replaced }
                }
            };
            let by = Actor::Operator(scope.name().clone());
            let event = Event { at: self.now(), by, connection_id: None, customer: None, kind };
            let keyring = Keyring {
                version: keyring.version + 1,
                document: keys.to_document(),
                oldest: keys.oldest(),
                record: self.inner.vault.link(keyring.record, std::slice::from_ref(&event))?,
            };
            let events = vec![event];
            let commit = Commit { keyring: Some(keyring), events, ..Commit::default() };
            match self.inner.store.commit(commit).await {
                Ok(_) => return Ok(true),
                Err(StoreError::Moved) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn wrapped_keys(&self) -> Result<(Keyring, WrappedKeys), KeysError> {
        let keyring = self.inner.vault.keyring().await?;
        let store = self.inner.store.binding().store;
        let keys = WrappedKeys::from_document(store.0, &keyring.document)?;
        Ok((keyring, keys))
    }

    async fn count_sealed_before(&self, epoch: u32) -> Result<u64, StoreError> {
        Ok(self.listed(ConnectionFilter::SealedBefore(epoch), None).count().await? as u64)
    }

    /// Seals the secrets of one connection again. Returns how many.
    async fn reseal(
        &self,
        connection: ConnectionKey,
        unreadable: &mut Vec<TokenId>,
    ) -> Result<u64, StoreError> {
        let resealed = self.change_beside(Selector::Key(connection), None, |draft, _| {
            draft.reseal_all();
            draft.reseals().len()
        });
        let (tokens, committed) = resealed.await?.unwrap_or_default();
        unreadable.extend(&committed.unreadable);
        Ok((tokens - committed.unreadable.len()) as u64)
    }
}
