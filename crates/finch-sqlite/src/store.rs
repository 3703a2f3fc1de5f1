//! The store: each method of the port, and where it runs.

use std::{sync::Arc, time::Duration};

use async_trait::async_trait;
use finch_core::{
    Attempt, AttemptId, Binding, Claim, Commit, Connection, ConnectionFilter, ConnectionId,
    ConnectionKey, CustomerId, EventQuery, Fingerprint, Found, InstanceId, Keyring, Leased,
    NewAttempt, Recorded, Sealed, SealedToken, SecretRow, Selector, Seq, StoreError, Timestamp,
    TokenFacts, TokenId, TokenQuery, TokenStore,
};
use rusqlite::params;

use crate::{
    attempts, commit, connections, coordination,
    database::Readers,
    error::{Fault, Result, StoreFileError},
    events,
    open::{self, SqliteOptions},
    rows::{execute, nanoseconds},
    secrets,
    writer::{Batch, Writer},
};

/// A [`TokenStore`] in one SQLite file.
///
/// Several processes may use the same file. Dropping the store waits until everything that was
/// asked for is written.
#[derive(Debug)]
pub struct SqliteTokenStore {
    binding: Binding,
    pub(crate) readers: Arc<Readers>,
    writer: Writer,
}

impl SqliteTokenStore {
    /// Opens a store, or makes one where there is none and [`SqliteOptions::create`] says so.
    ///
    /// It blocks: on the disk, and up to the busy timeout on other processes.
    ///
    /// # Errors
    /// [`StoreFileError`]: what is wrong, and what to do. The file is then as it was.
    pub fn open(options: SqliteOptions) -> Result<Self, StoreFileError> {
        let (db, place, binding) = open::open(&options)?;
        let readers = Readers::open(&place.path, options.busy_timeout)
            .map_err(|error| Fault::from(error).at(&place.path))?;
        let writer = Writer::start(db, readers.file().clone(), &binding, options.busy_timeout)
            .map_err(|error| StoreFileError::io(&place.path, error))?;
        Ok(Self { binding, readers: Arc::new(readers), writer })
    }

    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.readers.elsewhere(read).await?)
    }

    /// A read that is short, unless there is much to find.
    async fn lookup<T: Send + 'static>(
        &self,
        read: impl Fn(&rusqlite::Connection) -> Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.readers.shortly(read).await?)
    }

    pub(crate) async fn write<T: Send + 'static>(
        &self,
        write: impl FnOnce(&Batch<'_>) -> Result<T> + Send + 'static,
    ) -> Result<T, StoreError> {
        Ok(self.writer.write(None, write).await?)
    }
}

#[async_trait]
impl TokenStore for SqliteTokenStore {
    fn binding(&self) -> &Binding {
        &self.binding
    }

    async fn keyring(&self) -> Result<Option<Keyring>, StoreError> {
        self.lookup(commit::keyring).await
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &Fingerprint,
    ) -> Result<AttemptId, StoreError> {
        let state = *state;
        self.write(move |db| attempts::open(db, attempt, &state)).await
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let (customer, state, code) = (customer.cloned(), *state, *code);
        self.write(move |db| attempts::claim(db, customer.as_ref(), &state, &code, now)).await
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let customer = customer.cloned();
        self.lookup(move |db| attempts::possible_orphans(db, customer.as_ref(), now, after, limit))
            .await
    }

    async fn find(&self, token: &Fingerprint, facts: &TokenFacts) -> Result<Found, StoreError> {
        let (token, facts) = (*token, facts.clone());
        self.lookup(move |db| connections::find(db, &token, &facts)).await
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        let query = connections::selected(selector, customer);
        self.lookup(move |db| query.load(db)).await
    }

    async fn commit(&self, commit: Commit) -> Result<Seq, StoreError> {
        // What is wiped goes at once, and so does a key ring, which may hold a data key that is destroyed. What
        // is sealed again goes soon.
        let overwrites = |row: &SecretRow| {
            let is_new = row.token == TokenId(Seq::OF_COMMIT);
            (!is_new).then(|| Duration::from_secs(row.sealed.is_some().into()))
        };
        let keyring = commit.keyring.iter().map(|_| Duration::ZERO);
        let log_due = commit.secrets.iter().filter_map(overwrites).chain(keyring).min();
        Ok(self.writer.write(log_due, move |db| commit::commit(db, commit)).await?)
    }

    async fn sealed(&self, token: TokenId) -> Result<Option<Sealed>, StoreError> {
        self.lookup(move |db| secrets::sealed(db, token)).await
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let read =
            |db: &rusqlite::Connection| secrets::usable_token(db, customer, connection, query);
        if let Some(found) = self.readers.in_place(read)? {
            return Ok(found);
        }
        let (customer, connection, query) = (customer.clone(), connection.clone(), query.clone());
        self.read(move |db| secrets::usable_token(db, &customer, &connection, &query)).await
    }

    async fn connections(
        &self,
        filter: &ConnectionFilter<'_>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        let query = connections::listed(filter, after, limit);
        self.read(move |db| query.keys(db)).await
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        let owner = owner.clone();
        self.write(move |db| coordination::lease(db, connection, &owner, now)).await
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        let owner = owner.clone();
        self.write(move |db| coordination::release(db, connection, &owner)).await
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.write(move |db| coordination::take_turn(db, every, now)).await
    }

    async fn note_use(&self, token: TokenId, now: Timestamp) -> Result<(), StoreError> {
        let sql = "UPDATE tokens SET used_at = ?2 WHERE id = ?1";
        self.write(move |db| execute(db, sql, params![token.0.0, nanoseconds(now)])).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<Recorded>, StoreError> {
        let EventQuery { since, after, limit, .. } = *query;
        let (customer, connection) = (query.customer.cloned(), query.connection.cloned());
        self.read(move |db| {
            let (customer, connection) = (customer.as_ref(), connection.as_ref());
            events::page(db, &EventQuery { customer, connection, since, after, limit })
        })
        .await
    }
}
