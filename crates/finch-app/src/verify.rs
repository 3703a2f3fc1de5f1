//! Verify: whether every secret opens as its token says, and whether every record is what was written.

use std::collections::BTreeMap;

use finch_core::{
    ConnectionFilter, ConnectionId, ConnectionKey, EventKind, EventQuery, OperatorScope,
    RecordHead, Recorded, StoreError, Token, TokenId,
};
use serde::Serialize;

use crate::{Finch, walk::last_of};

/// So many rows are read at once.
const PAGE: usize = 500;

/// What was found in a store.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Verified {
    /// How many connections there are.
    pub connections: u64,
    /// How many secrets open as their tokens say.
    pub secrets: u64,
    /// Tokens that are not revoked, and whose secret does not open as the token says.
    pub unreadable: Vec<TokenId>,
    /// How many events there are.
    pub events: u64,
    /// Records that are not what was written: an event was changed, added or removed.
    pub broken_records: Vec<BrokenRecord>,
}

/// A record that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct BrokenRecord {
    /// The number of the connection whose record it is; none: the store's own record.
    pub connection: Option<ConnectionKey>,
    /// The connection, by its newest name; none: it is not there, though its events are.
    pub connection_id: Option<ConnectionId>,
}

impl Verified {
    /// Whether nothing is wrong.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.unreadable.is_empty() && self.broken_records.is_empty()
    }
}

/// A record as it should be, and as it is as far as it was read.
#[derive(Default)]
struct Record {
    connection_id: Option<ConnectionId>,
    expected: Option<RecordHead>,
    read: RecordHead,
    holds: bool,
}

impl Record {
    fn expects(&mut self, head: RecordHead) {
        self.expected = Some(head);
        self.holds = head == self.read;
    }
}

impl Finch {
    /// Opens every secret, and follows every record from its first event to its head. Reads all of the store and
    /// changes nothing. `progress` gets how many rows were read.
    #[doc = example!(
        "assert!(finch.verify(operator, |_| {}).await?.is_sound());",
    )]
    /// # Errors
    /// [`StoreError`]: the store cannot be read at all.
    pub async fn verify(
        &self,
        _scope: &OperatorScope,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<Verified, StoreError> {
        let mut found = Verified::default();
        let mut records = BTreeMap::<Option<ConnectionKey>, Record>::new();
        let store_record = self.inner.store.keyring().await?.map(|keyring| keyring.record);
        records.entry(None).or_default().expects(store_record.unwrap_or_default());
        let mut listed = self.listed(ConnectionFilter::All, None);
        while let Some(connection) = listed.next().await? {
            for token in connection.tokens.iter().filter(|token| !token.state.is_revoked()) {
                match self.opens(token).await? {
                    true => found.secrets += 1,
                    false => found.unreadable.push(token.id),
                }
            }
            let record = records.entry(Some(connection.key)).or_default();
            record.connection_id = connection.handle(None).cloned();
            record.expects(connection.record);
            found.connections += 1;
            progress(found.connections);
        }
        self.follow_records(&mut records, &mut found, progress).await?;
        let broken = records.into_iter().filter(|(_, record)| !record.holds);
        let named =
            |(connection, Record { connection_id, .. })| BrokenRecord { connection, connection_id };
        found.broken_records = broken.map(named).collect();
        Ok(found)
    }

    /// Whether a token's secret opens as the token says, or would as it says by now.
    async fn opens(&self, token: &Token) -> Result<bool, StoreError> {
        let opened = self.inner.vault.secret_as(token, &[token.sealed_as()]).await;
        if !matches!(opened, Err(StoreError::Unreadable { .. } | StoreError::Moved)) {
            return opened.map(|_| true);
        }
        let found = self.holding(token.id).await?;
        let Some(now) = found.as_ref().and_then(|c| c.token(token.id)) else { return Ok(false) };
        match self.inner.vault.secret_as(now, &[now.sealed_as()]).await {
            Ok(_) => Ok(true),
            Err(StoreError::Unreadable { .. }) => Ok(now.state.is_revoked()),
            Err(error) => Err(error),
        }
    }

    /// Reads all events, each into its record. A head that is met on the way holds: what comes after it was
    /// written after the head was read.
    async fn follow_records(
        &self,
        records: &mut BTreeMap<Option<ConnectionKey>, Record>,
        found: &mut Verified,
        mut progress: impl FnMut(u64) + Send,
    ) -> Result<(), StoreError> {
        let newest = records.keys().next_back().copied().flatten();
        let (mut after, limit) = (None, PAGE);
        loop {
            let query = EventQuery { customer: None, connection: None, since: None, after, limit };
            let page = self.inner.store.events(&query).await?;
            let last = last_of("events", after, page.iter().map(|recorded| recorded.id))?;
            if last.is_none() {
                return Ok(());
            }
            after = last;
            for Recorded { connection, event, .. } in page {
                if let EventKind::CompanyNamed { absorbed: Some(absorbed) } = &event.kind {
                    let record = records.entry(Some(absorbed.connection)).or_default();
                    record.connection_id.clone_from(&event.connection_id);
                    record.expects(absorbed.record);
                }
                // Of a connection that was made after the connections were read nothing is expected.
                let is_new = connection > newest;
                let record = records.entry(connection).or_default();
                record.holds |= is_new;
                record.read = self.inner.vault.link(record.read, std::slice::from_ref(&event))?;
                record.holds |= record.expected == Some(record.read);
                found.events += 1;
                progress(found.connections + found.events);
            }
        }
    }
}
