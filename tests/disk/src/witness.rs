//! The witness: what the store has answered, and what was true at Finch meanwhile.

use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use async_trait::async_trait;
use finch_core::{
    Attempt, AttemptId, Claim, Commit, ConnectionId, CustomerId, Fingerprint, Keyring, NewAttempt,
    SealedToken, Seq, StoreError, Timestamp, TokenId, TokenQuery, TokenStore,
};
use finch_testkit::{FakeFinch, Intercept};
use finch_tests::StoreKeys;

use crate::{
    disk::Disk,
    ledger::{Book, Exchange},
    tape::Mark,
};

/// Each write that the store answers is entered in the book, and marked on the tape; so is each error.
#[derive(Debug)]
pub(crate) struct Witness {
    disk: Arc<Disk>,
    book: Book,
    finch: Arc<FakeFinch>,
    /// How many tokens Finch had issued, and how many of them it accepted, when its truth was marked last.
    marked: Mutex<(usize, usize)>,
    /// Opened when the key ring is first read: of its own the witness touches no disk.
    keys: OnceLock<StoreKeys>,
}

impl Witness {
    /// Watches a store that lies on `disk`, and this Finch.
    pub(crate) fn new(disk: Arc<Disk>, book: Book, finch: Arc<FakeFinch>) -> Self {
        let marked = Mutex::new((finch.issued().len(), finch.alive().len()));
        Self { disk, book, finch, marked, keys: OnceLock::new() }
    }

    fn acknowledged(&self) {
        self.disk.mark(Mark::Acknowledged(Arc::new(self.book.now())));
    }

    /// Writes down what is true at Finch, if that has changed: at the latest before the next call of the store,
    /// since nothing is written between two.
    pub(crate) fn mark_finch(&self) {
        let (issued, alive) = (self.finch.issued(), self.finch.alive().len());
        let mut marked = self.marked.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::replace(&mut *marked, (issued.len(), alive));
        if let Some(secret) = issued.last().filter(|_| issued.len() > before.0)
            && let Some(began_last) = self.book.open().exchanges.last_mut()
        {
            began_last.secret = Some(secret.expose().to_owned());
        }
        if *marked != before {
            let truth = Arc::new(self.finch.copy());
            self.disk.mark(Mark::Finch(Arc::new(self.book.now()), truth));
        }
    }

    fn admitted(&self, commit: &Commit) -> Option<String> {
        let secret = self.keys.get()?.secret_in(commit, commit.admitted()?)?;
        Some(secret.expect("a secret that opens as its token says").expose().to_owned())
    }
}

#[async_trait]
impl Intercept for Witness {
    async fn around<T: Send>(
        &self,
        _: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.mark_finch();
        call.await.inspect_err(|error| self.book.open().error(error))
    }

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
            let exchange = Exchange { attempt: attempt.id, secret: None };
            self.book.open().exchanges.push(exchange);
            self.acknowledged();
        }
        Ok(claimed)
    }

    async fn commit(&self, next: &dyn TokenStore, commit: Commit) -> Result<Seq, StoreError> {
        let admitted = self.admitted(&commit);
        let number = next.commit(commit.clone()).await?;
        let admitted = admitted.map(|secret| (TokenId(number), secret));
        self.book.open().commit(commit.numbered(number), admitted);
        self.acknowledged();
        Ok(number)
    }

    async fn usable_token(
        &self,
        next: &dyn TokenStore,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let given = next.usable_token(customer, connection, query).await?;
        given.iter().for_each(|given| self.book.open().handed_out(given.id));
        Ok(given)
    }
}
