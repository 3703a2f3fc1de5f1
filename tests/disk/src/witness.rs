//! The witness: notes what the store has acknowledged.

use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use finch_core::{
    Attempt, AttemptId, Claim, Commit, CustomerId, Fingerprint, Keyring, NewAttempt, Seq,
    StoreError, Timestamp, TokenId, TokenStore,
};
use finch_testkit::Intercept;
use finch_tests::StoreKeys;

use crate::{disk::Disk, ledger::Book, tape::Mark};

/// Each write that the store answers is entered in the book, and marked on the tape.
#[derive(Debug)]
pub(crate) struct Witness {
    disk: Arc<Disk>,
    book: Book,
    /// Opened when the key ring is first read: of its own the witness touches no disk.
    keys: OnceLock<StoreKeys>,
}

impl Witness {
    /// Watches a store that lies on `disk`.
    pub(crate) fn new(disk: Arc<Disk>, book: Book) -> Self {
        Self { disk, book, keys: OnceLock::new() }
    }

    fn acknowledged(&self) {
        self.disk.mark(Mark::Acknowledged(Arc::new(self.book.now())));
    }

    /// The secret of the token that is new in this commit.
    fn admitted(&self, commit: &Commit) -> Option<String> {
        let secret = self.keys.get()?.secret_in(commit, commit.admitted()?)?;
        Some(secret.expect("a secret that opens as its token says").expose().to_owned())
    }
}

#[async_trait]
impl Intercept for Witness {
    async fn keyring(&self, next: &dyn TokenStore) -> Result<Option<Keyring>, StoreError> {
        let found = next.keyring().await?;
        if let (None, Some(keyring)) = (self.keys.get(), &found) {
            let keys = StoreKeys::open(next.binding(), keyring).await;
            let _ = self.keys.set(keys.expect("a key ring that opens"));
        }
        Ok(found)
    }

    async fn open_attempt(
        &self,
        next: &dyn TokenStore,
        attempt: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        let id = next.open_attempt(attempt, state).await?;
        self.acknowledged();
        Ok(id)
    }

    async fn claim_attempt(
        &self,
        next: &dyn TokenStore,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let claimed = next.claim_attempt(customer, state, code, now).await?;
        if let Some((attempt, Claim::Begin)) = &claimed {
            self.book.claimed(attempt.id);
            self.acknowledged();
        }
        Ok(claimed)
    }

    async fn commit(&self, next: &dyn TokenStore, commit: Commit) -> Result<Seq, StoreError> {
        let admitted = self.admitted(&commit);
        let number = next.commit(commit.clone()).await?;
        let admitted = admitted.map(|secret| (TokenId(number), secret));
        self.book.committed(commit.numbered(number), admitted);
        self.acknowledged();
        Ok(number)
    }
}
