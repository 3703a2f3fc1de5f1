//! The witness: a store that notes what it has acknowledged.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits, Claim,
    Commit, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId, EventQuery,
    FinchCustomerId, Found, Grant, InstanceId, Leased, NewAttempt, Query, Selector, Seq, State,
    StoreError, Timestamp, TokenId, TokenStore, UsableToken, Wanted, WebhookEvent, WebhookEventId,
};
use finch_sqlite::SqliteTokenStore;

use crate::{disk::Disk, ledger::Book, tape::Mark};

/// The SQLite store. Each write that it answers is entered in the book, and marked on the tape.
#[derive(Debug)]
pub(crate) struct Witness {
    store: SqliteTokenStore,
    disk: Arc<Disk>,
    book: Book,
}

impl Witness {
    /// Watches `store`, which lies on `disk`.
    pub(crate) fn new(store: SqliteTokenStore, disk: Arc<Disk>, book: Book) -> Self {
        Self { store, disk, book }
    }

    fn acknowledged(&self) {
        self.disk.mark(Mark::Acknowledged(Arc::new(self.book.now())));
    }
}

#[async_trait]
impl TokenStore for Witness {
    fn application(&self) -> &Application {
        self.store.application()
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &State,
    ) -> Result<AttemptId, StoreError> {
        let id = self.store.open_attempt(attempt, state).await?;
        self.acknowledged();
        Ok(id)
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let claimed = self.store.claim_attempt(customer, state, code, now).await?;
        if let Some((attempt, Claim::Begin)) = &claimed {
            self.book.claimed(code.expose(), attempt.id);
            self.acknowledged();
        }
        Ok(claimed)
    }

    async fn end_attempt(&self, id: AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        self.store.end_attempt(id, end).await?;
        self.acknowledged();
        Ok(())
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        self.store.possible_orphans(customer, now, after, limit).await
    }

    async fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Result<Vec<FinchCustomerId>, StoreError> {
        self.store.taken_customer_ids(customer, candidates).await
    }

    async fn find(&self, grant: &Grant) -> Result<Found, StoreError> {
        self.store.find(grant).await
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        self.store.load(selector, customer).await
    }

    async fn token_of(
        &self,
        secret: &AccessToken,
        customer: Option<&CustomerId>,
    ) -> Result<Option<TokenId>, StoreError> {
        self.store.token_of(secret, customer).await
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        let secret = commit.secret.as_ref().map(|secret| secret.expose().to_owned());
        let number = self.store.commit(commit.clone()).await?;
        self.book
            .committed(commit.numbered(number), secret.map(|secret| (TokenId(number), secret)));
        self.acknowledged();
        Ok(number)
    }

    async fn secret(&self, token: TokenId) -> Result<Option<AccessToken>, StoreError> {
        self.store.secret(token).await
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &Wanted,
    ) -> Result<Option<UsableToken>, StoreError> {
        self.store.usable_token(customer, connection, wanted).await
    }

    async fn connections(&self, query: &Query<'_>) -> Result<Vec<Connection>, StoreError> {
        self.store.connections(query).await
    }

    async fn work(
        &self,
        due: Option<Due>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.store.work(due, after, limit).await
    }

    async fn attention(
        &self,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.store.attention(after, limit).await
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        self.store.lease(connection, owner, now).await
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        self.store.release(connection, owner).await
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.store.take_turn(every, now).await
    }

    async fn take_number(&self) -> Result<Seq, StoreError> {
        self.store.take_number().await
    }

    async fn note_use(
        &self,
        token: TokenId,
        now: Timestamp,
        first: Event,
    ) -> Result<(), StoreError> {
        self.store.note_use(token, now, first).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<(EventId, Event)>, StoreError> {
        self.store.events(query).await
    }

    async fn keep_webhook(&self, event: WebhookEvent, awaits: Awaits) -> Result<bool, StoreError> {
        let new = self.store.keep_webhook(event, awaits).await?;
        self.acknowledged();
        Ok(new)
    }

    async fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, WebhookEvent)>, StoreError> {
        self.store.webhooks(awaits, after, limit).await
    }

    async fn webhook_done(&self, id: &WebhookEventId) -> Result<bool, StoreError> {
        let done = self.store.webhook_done(id).await?;
        self.acknowledged();
        Ok(done)
    }
}
