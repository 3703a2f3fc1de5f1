//! Why a store's keys do not open.

use finch_core::{
    Actionable, Advice, ErrorKind, EventId, EventKind, EventQuery, StoreError, Timestamp,
    TokenStore,
};
use finch_seal::{KeyId, SealError};
use thiserror::Error;

/// Why a store's keys do not open. Nothing was changed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum KeysError {
    /// The key that was given is not the one that the store opens with.
    #[error("the store opens with key {expected}, and key {given} was given")]
    WrongKey {
        /// The key that opens the store, by name.
        expected: KeyId,
        /// The key that was given, by name.
        given: KeyId,
    },
    /// The key that was given opened the store once, and was replaced.
    #[error(
        "the store opens with key {new}, and the given key {old} was replaced on {}",
        at.strftime("%F %R UTC")
    )]
    Replaced {
        /// The key that was given, by name.
        old: KeyId,
        /// The key that opens the store now, by name.
        new: KeyId,
        /// When the one that was given was replaced, by the clock.
        at: Timestamp,
    },
    /// The key source failed, or the key ring is damaged.
    #[error("the store's keys cannot be opened")]
    Keys(#[source] SealError),
    /// The store failed.
    #[error("the store's keys cannot be read")]
    Store(#[from] StoreError),
}

impl Actionable for KeysError {
    fn advice(&self) -> Advice {
        let keys = |code, step| Advice::new(ErrorKind::Store, code, step);
        match self {
            Self::WrongKey { .. } => keys(
                "store_wrong_key",
                "give that key's file, made by `finch keys init` or `finch keys rotate-kek`",
            ),
            Self::Replaced { .. } => keys(
                "store_key_replaced",
                "give the file that `finch keys rotate-kek --to` named, and restart every process that uses \
                 the store",
            ),
            Self::Keys(error) => Advice {
                is_retryable: error.is_retryable(),
                ..keys("store_keys", error.next_step())
            },
            Self::Store(error) => error.advice(),
        }
    }
}

impl From<SealError> for KeysError {
    fn from(error: SealError) -> Self {
        match error {
            SealError::WrongKey { expected, given } => Self::WrongKey { expected, given },
            error => Self::Keys(error),
        }
    }
}

impl KeysError {
    /// The same failure, with what the store's record knows of the key that was given. The record is not
    /// verified, since the key ring is not open: only a message is made of it.
    pub(crate) async fn explained(store: &dyn TokenStore, error: SealError) -> Self {
        let error = Self::from(error);
        let Self::WrongKey { expected, given } = &error else { return error };
        match replaced_at(store, given).await {
            Ok(Some(at)) => Self::Replaced { old: given.clone(), new: expected.clone(), at },
            _ => error,
        }
    }
}

/// When this key was replaced last.
async fn replaced_at(store: &dyn TokenStore, key: &KeyId) -> Result<Option<Timestamp>, StoreError> {
    let (mut found, mut after): (_, Option<EventId>) = (None, None);
    loop {
        let query =
            EventQuery { customer: None, connection: None, since: None, after, limit: 1000 };
        let page = store.events(&query).await?;
        let Some(last) = page.last().map(|recorded| recorded.id) else { return Ok(found) };
        if Some(last) <= after {
            return Ok(found);
        }
        after = Some(last);
        let mut replaced = page.into_iter().filter(|recorded| {
            matches!(&recorded.event.kind, EventKind::KeyReplaced { replaced: Some(old), .. }
                if old == key.as_str())
        });
        found = replaced.next_back().map(|recorded| recorded.event.at).or(found);
    }
}
