//! Small pieces of the cases.

use std::sync::Arc;

use async_trait::async_trait;

use super::super::at;
use crate::{
    Actor, Agenda, Commit, Connection, ConnectionId, ConnectionRow, CustomerId, Draft, Failure,
    FailureKind, Intent, Query, Selector, Seq, StoreError, TokenStore, decide,
};

/// What the suite needs of an adapter.
#[async_trait]
pub trait StoreFixture: Send {
    /// The store of [`application`](super::super::application), the same one each time. An adapter on disk
    /// may close and open it again between calls, and should do so in one of its runs.
    async fn store(&mut self) -> Arc<dyn TokenStore>;
}

pub(super) fn customer(name: &str) -> CustomerId {
    CustomerId::new(name).unwrap()
}

pub(super) fn id(text: &str) -> ConnectionId {
    ConnectionId::new(text).unwrap()
}

pub(super) fn failure(kind: FailureKind) -> Failure {
    Failure { kind, status: Some(502), name: None, finch_code: None, request_id: None }
}

pub(super) fn intent(by: Actor) -> Intent {
    Intent { by, reason: Some("the contract has ended".into()), at: at(10) }
}

pub(super) fn all<'a>(only: Option<&'a CustomerId>) -> Query<'a> {
    Query { customer: only, connection: None, after: None, limit: 100 }
}

pub(super) async fn by_id(store: &dyn TokenStore, text: &str) -> crate::Connection {
    let found = store.load(Selector::ConnectionId(&id(text)), None).await.unwrap();
    found.expect("the connection that was stored")
}

/// What a decision on this connection writes.
pub(super) fn commit(connection: &Connection, decide: impl FnOnce(&mut Draft)) -> Commit {
    let mut draft = Draft::of(connection.clone());
    decide(&mut draft);
    draft.finish().expect("a decision that writes something")
}

/// Decides on the connection of this `connection_id`, and commits. Returns the number of the commit.
pub(super) async fn decided(
    store: &dyn TokenStore,
    text: &str,
    decide: impl FnOnce(&mut Draft),
) -> Seq {
    let seen = by_id(store, text).await;
    store.commit(commit(&seen, decide)).await.unwrap()
}

/// A commit that writes the connection's own row as it is, and no other.
pub(super) fn unchanged(seen: &Connection) -> Commit {
    Commit {
        seen: vec![(seen.key, seen.revision)],
        connection: ConnectionRow {
            key: seen.key,
            provider: seen.provider.clone(),
            company: seen.company.clone(),
            agenda: decide::agenda(seen),
        },
        tokens: Vec::new(),
        disconnects: Vec::new(),
        retirements: Vec::new(),
        absorbs: None,
        attempt: None,
        events: Vec::new(),
        secret: None,
    }
}

/// Writes this agenda of a connection, whatever else is true of it.
pub(super) async fn set_agenda(store: &dyn TokenStore, seen: &Connection, agenda: Agenda) {
    let mut commit = unchanged(seen);
    commit.connection.agenda = agenda;
    store.commit(commit).await.unwrap();
}

pub(super) async fn moved(store: &dyn TokenStore, commit: Commit) {
    let error = store.commit(commit).await.expect_err("what it was decided on has moved");
    assert!(matches!(error, StoreError::Moved), "{error:?}");
}
