//! Small pieces of the cases.

use std::sync::Arc;

use async_trait::async_trait;

use crate::{at, facts, fingerprint, grant, store_token, unchanged};
use finch_core::{
    Actor, Agenda, Attempt, AttemptEnd, AttemptId, Claim, Commit, Connection, ConnectionId,
    CustomerId, Draft, Failure, FailureKind, Fingerprint, Intent, Selector, StoreError, TokenId,
    TokenStore,
};

/// What the suite needs of an adapter.
#[async_trait]
pub trait StoreFixture: Send {
    /// The store of [`application`](crate::application), the same one each time. An adapter on disk
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

pub(super) async fn by_id(store: &dyn TokenStore, text: &str) -> Connection {
    let found = store.load(Selector::ConnectionId(&id(text)), None).await.unwrap();
    found.expect("the connection that was stored")
}

/// A token of Acme in the connection `k`, which its first one makes.
pub(super) async fn stored(fixture: &mut dyn StoreFixture, secret: &str) -> TokenId {
    store_token(&*fixture.store().await, "acme", grant(secret, facts("k", "gusto", "c"))).await
}

/// The connection `k`.
pub(super) async fn loaded(fixture: &mut dyn StoreFixture) -> Connection {
    by_id(&*fixture.store().await, "k").await
}

/// Claims the attempt of this state, so many seconds after it was opened.
pub(super) async fn claim_at(
    fixture: &mut dyn StoreFixture,
    state: &Fingerprint,
    code: &Fingerprint,
    second: i64,
) -> (Attempt, Claim) {
    let store = fixture.store().await;
    let claimed = store.claim_attempt(None, state, code, at(second)).await.unwrap();
    claimed.expect("the attempt that was opened")
}

/// The newest record of this token.
pub(super) async fn token_of(store: &dyn TokenStore, secret: &str) -> Option<TokenId> {
    let fingerprint = fingerprint(secret);
    let found = store.load(Selector::Fingerprint(&fingerprint), None).await.unwrap();
    found.and_then(|c| c.token_of(&fingerprint).map(|token| token.id))
}

/// What a decision on this connection writes.
pub(super) fn commit(connection: &Connection, decide: impl FnOnce(&mut Draft)) -> Commit {
    let mut draft = Draft::of(connection.clone());
    decide(&mut draft);
    draft.finish().expect("a decision that writes something")
}

/// Writes this agenda of a connection, whatever else is true of it.
pub(super) async fn set_agenda(store: &dyn TokenStore, seen: &Connection, agenda: Agenda) {
    let mut commit = unchanged(seen);
    commit.connection.as_mut().unwrap().agenda = agenda;
    store.commit(commit).await.unwrap();
}

/// Writes how an exchange ended.
pub(super) async fn end(store: &dyn TokenStore, attempt: AttemptId, end: AttemptEnd) {
    let commit = Commit { attempt: Some((attempt, end)), ..Commit::default() };
    store.commit(commit).await.unwrap();
}

pub(super) async fn moved(store: &dyn TokenStore, commit: Commit) {
    let error = store.commit(commit).await.expect_err("what it was decided on has moved");
    assert!(matches!(error, StoreError::Moved), "{error:?}");
}
