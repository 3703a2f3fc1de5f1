//! The store: each method of the port, and where it runs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits, Claim,
    Commit, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId, EventQuery,
    FinchCustomerId, Found, Grant, InstanceId, Leased, NewAttempt, Query, Selector, Seq, State,
    StoreError, Timestamp, TokenId, TokenStore, UsableToken, Wanted, WebhookEvent, WebhookEventId,
};

use crate::{
    OpenStoreError, SqliteOptions, attempts, commit,
    error::Fault,
    lookup::{self, By},
    open,
    pages::{self, Page},
    readers::Readers,
    record,
    sealer::Sealer,
    secrets, sequence, tokens, turns, webhooks,
    writer::Writer,
};

/// A [`TokenStore`] in one SQLite file, with its secrets sealed.
///
/// Several processes may use the same file. Dropping the store waits until everything that was
/// asked for is written.
#[derive(Debug)]
pub struct SqliteTokenStore {
    application: Application,
    sealer: Arc<Sealer>,
    pub(crate) readers: Arc<Readers>,
    writer: Writer,
}

impl SqliteTokenStore {
    /// Opens a store, or makes one where there is none and [`SqliteOptions::create`] says so.
    ///
    /// It blocks: on the disk, on the key source, and up to the busy timeout on other processes.
    ///
    /// # Errors
    /// [`OpenStoreError`]: what is wrong, and what to do. The file is then as it was.
    pub fn open(options: SqliteOptions) -> Result<Self, OpenStoreError> {
        let (db, ring, place) = open::open(&options)?;
        let path = place.path;
        let readers = match Readers::open(&path, options.busy_timeout) {
            Ok(readers) => readers,
            Err(error) => return Err(open::Refusal::from(error).into_error(&path)),
        };
        let application = options.application;
        let sealer = Arc::new(Sealer::new(ring, options.keys, application.clone()));
        let writer =
            Writer::start(db, readers.file().clone(), Arc::clone(&sealer), options.busy_timeout);
        let writer = match writer {
            Ok(writer) => writer,
            Err(source) => return Err(OpenStoreError::System { path, source }),
        };
        Ok(Self { application, sealer, readers: Arc::new(readers), writer })
    }

    async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T, Fault> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.readers.elsewhere(read).await?)
    }
}

#[async_trait]
impl TokenStore for SqliteTokenStore {
    fn application(&self) -> &Application {
        &self.application
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &State,
    ) -> Result<AttemptId, StoreError> {
        let state = self.sealer.state(state);
        Ok(self.writer.write(move |tx| attempts::open(tx, attempt, &state)).await?)
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let (customer, state, code) =
            (customer.cloned(), self.sealer.state(state), self.sealer.code(code));
        let work =
            self.writer.write(move |tx| attempts::claim(tx, customer.as_ref(), &state, &code, now));
        Ok(work.await?)
    }

    async fn end_attempt(&self, id: AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        Ok(self.writer.write(move |tx| attempts::end(tx, id, &end)).await?)
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let customer = customer.cloned();
        self.read(move |db| attempts::possible_orphans(db, customer.as_ref(), now, after, limit))
            .await
    }

    async fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Result<Vec<FinchCustomerId>, StoreError> {
        let (customer, candidates) = (customer.clone(), candidates.to_vec());
        self.read(move |db| lookup::taken_customer_ids(db, &customer, candidates)).await
    }

    async fn find(&self, grant: &Grant) -> Result<Found, StoreError> {
        let (token, facts) = (self.sealer.token(&grant.secret), grant.facts.clone());
        self.read(move |db| lookup::find(db, &token, &facts)).await
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let by = match selector {
            Selector::Key(key) => By::Key(key),
            Selector::ConnectionId(id) => By::ConnectionId(id.clone()),
            Selector::Pair(provider, company) => By::Pair(provider.clone(), company.clone()),
            Selector::TokenId(id) => By::TokenId(id),
        };
        let customer = customer.cloned();
        self.read(move |db| lookup::load(db, &by, customer.as_ref())).await
    }

    async fn token_of(
        &self,
        secret: &AccessToken,
        customer: Option<&CustomerId>,
    ) -> Result<Option<TokenId>, StoreError> {
        let (token, customer) = (self.sealer.token(secret), customer.cloned());
        self.read(move |db| lookup::token_of(db, &token, customer.as_ref())).await
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        let seals = usize::from(commit.secret.is_some());
        Ok(self.writer.write_sealing(seals, move |tx| commit::commit(tx, commit)).await?)
    }

    async fn secret(&self, token: TokenId) -> Result<Option<AccessToken>, StoreError> {
        if let Some(db) = self.readers.free()? {
            return Ok(secrets::secret(&db, &self.sealer, token)?);
        }
        let sealer = Arc::clone(&self.sealer);
        self.read(move |db| secrets::secret(db, &sealer, token)).await
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &Wanted,
    ) -> Result<Option<UsableToken>, StoreError> {
        if let Some(db) = self.readers.free()? {
            return Ok(secrets::usable_token(&db, &self.sealer, customer, connection, wanted)?);
        }
        let (customer, connection, wanted) = (customer.clone(), connection.clone(), wanted.clone());
        let sealer = Arc::clone(&self.sealer);
        self.read(move |db| secrets::usable_token(db, &sealer, &customer, &connection, &wanted))
            .await
    }

    async fn connections(&self, query: &Query<'_>) -> Result<Vec<Connection>, StoreError> {
        let page = Page {
            customer: query.customer.cloned(),
            connection: query.connection.cloned(),
            after: query.after,
            limit: query.limit,
        };
        self.read(move |db| pages::connections(db, &page)).await
    }

    async fn work(
        &self,
        due: Option<Due>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.read(move |db| pages::work(db, due, after, limit)).await
    }

    async fn attention(
        &self,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.read(move |db| pages::attention(db, after, limit)).await
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        let owner = owner.clone();
        Ok(self.writer.write(move |tx| turns::lease(tx, connection, &owner, now)).await?)
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        let owner = owner.clone();
        Ok(self.writer.write(move |tx| turns::release(tx, connection, &owner)).await?)
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        Ok(self.writer.write(move |tx| turns::take(tx, every, now)).await?)
    }

    async fn take_number(&self) -> Result<Seq, StoreError> {
        Ok(self.writer.write(|tx| sequence::next(tx.db)).await?)
    }

    async fn note_use(
        &self,
        token: TokenId,
        now: Timestamp,
        first: Event,
    ) -> Result<(), StoreError> {
        Ok(self.writer.write(move |tx| tokens::note_use(tx, token, now, &first)).await?)
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<(EventId, Event)>, StoreError> {
        let wanted = record::Wanted::from(query);
        self.read(move |db| record::page(db, &wanted)).await
    }

    async fn keep_webhook(&self, event: WebhookEvent, awaits: Awaits) -> Result<bool, StoreError> {
        Ok(self.writer.write(move |tx| webhooks::keep(tx, &event, awaits)).await?)
    }

    async fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, WebhookEvent)>, StoreError> {
        self.read(move |db| webhooks::waiting(db, awaits, after, limit)).await
    }

    async fn webhook_done(&self, id: &WebhookEventId) -> Result<bool, StoreError> {
        let id = id.clone();
        Ok(self.writer.write(move |tx| webhooks::done(tx, &id)).await?)
    }
}

mod keys;
#[cfg(test)]
mod tests;
