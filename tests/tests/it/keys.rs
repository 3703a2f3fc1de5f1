//! Keys under running processes, and what verification finds.

use std::{
    pin::Pin,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
};

use async_trait::async_trait;
use finch_app::{DisconnectOutcome, Finch, Kek, KeysError, OpenFinchError, TokenError};
use finch_core::{
    Actionable as _, Commit, EventQuery, Recorded, Sealed, Seq, StoreError, TokenId, TokenStore,
};
use finch_seal::KeySource as _;
use finch_testkit::{Intercept, Intercepted};
use finch_tests::{customer, keys, open_finch, operator};

use crate::semantics::{ACME, BETA, begin, connect, load, world};

#[tokio::test]
async fn a_rotation_ends_while_another_process_goes_on() {
    let world = world().await;
    let other = world.another_process().await;
    let id = connect(&world, ACME, "x").await;
    let before = other.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    let rotated = world.app.rotate(&operator(), |_| {}).await.unwrap();
    assert_eq!((rotated.epoch, rotated.resealed, rotated.joined), (2, 1, false));
    assert_eq!(world.app.key_status(&operator()).await.unwrap().data_keys, [2]);
    let after = other.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    assert_eq!(before.expose(), after.expose());
    let (state, code) = begin(&world, BETA, "y").await;
    other.complete_connect(&customer(BETA), state, code).await.unwrap();
    for token in load(&world, &id).await.tokens {
        assert_eq!(world.store.sealed(token.id).await.unwrap().unwrap().epoch, 2);
    }
    assert!(other.verify(&operator(), |_| {}).await.unwrap().is_sound());
}

#[tokio::test]
async fn a_key_that_was_replaced_opens_the_store_no_longer_and_running_processes_go_on() {
    let world = world().await;
    let other = world.another_process().await;
    let id = connect(&world, ACME, "x").await;
    let new = Arc::new(Kek::generate().unwrap());
    world.app.replace_key(&operator(), new.clone()).await.unwrap();
    other.access_token(&customer(ACME), &id, &[]).await.unwrap();
    let open =
        async |key| Finch::builder(world.finch.clone(), world.store.clone(), key).open().await;
    let refused = open(keys()).await.unwrap_err();
    assert!(matches!(refused, OpenFinchError::Keys(KeysError::Replaced { .. })), "{refused:?}");
    let opened = open(new).await.unwrap();
    opened.access_token(&customer(ACME), &id, &[]).await.unwrap();
}

/// Both by another process, in either order, before this one looks at its keys again.
#[tokio::test]
async fn a_process_that_can_no_longer_open_the_keys_says_so_before_a_code_is_sent() {
    for rotates_first in [true, false] {
        let world = world().await;
        let id = connect(&world, ACME, "x").await;
        let (state, code) = begin(&world, ACME, "x").await;
        let (other, new) = (world.another_process().await, Arc::new(Kek::generate().unwrap()));
        if rotates_first {
            other.rotate(&operator(), |_| {}).await.unwrap();
        }
        other.replace_key(&operator(), new.clone()).await.unwrap();
        if !rotates_first {
            other.rotate(&operator(), |_| {}).await.unwrap();
        }
        world.finch.take_calls();
        let complete = async |app: &Finch| {
            app.complete_connect(&customer(ACME), state.clone(), code.clone()).await
        };
        let unavailable = complete(&world.app).await.unwrap_err();
        assert_eq!(
            (unavailable.advice().code, unavailable.is_retryable()),
            ("keys_unavailable", true)
        );
        let unavailable = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap_err();
        assert_eq!(unavailable.advice().code, "keys_unavailable");
        assert!(world.app.disconnect(&customer(ACME), id.clone()).await.is_err());
        assert!(world.finch.take_calls().is_empty(), "nothing is sent");
        // Restarted with the new key, the host goes on with the same code.
        let restarted = Finch::builder(world.finch.clone(), world.store.clone(), new);
        let restarted = restarted.system(world.system.clone()).open().await.unwrap();
        complete(&restarted).await.unwrap();
        let ended = restarted.disconnect(&customer(ACME), id.clone()).await.unwrap();
        assert_eq!(ended, DisconnectOutcome::Disconnected { tokens: 2 }, "no secret was lost");
    }
}

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Another process is faster: it does this right before the key ring is replaced.
struct Overtaken(Mutex<Option<Task>>);

#[async_trait]
impl Intercept for Overtaken {
    async fn commit(&self, next: &dyn TokenStore, commit: Commit) -> Result<Seq, StoreError> {
        let other = commit.keyring.as_ref().and_then(|_| self.0.lock().unwrap().take());
        if let Some(other) = other {
            other.await;
        }
        next.commit(commit).await
    }
}

#[tokio::test]
async fn a_key_is_replaced_while_another_process_rotates() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let other = world.another_process().await;
    let rotation = async move { drop(other.rotate(&operator(), |_| {}).await.unwrap()) };
    let overtaken = Overtaken(Mutex::new(Some(Box::pin(rotation))));
    let store = Arc::new(Intercepted::new(overtaken, world.store.clone()));
    let app = open_finch(world.finch.clone(), store, world.system.clone()).await;
    let new = Arc::new(Kek::generate().unwrap());
    app.replace_key(&operator(), new.clone()).await.unwrap();
    let status = app.key_status(&operator()).await.unwrap();
    assert_eq!((status.key.as_str(), &*status.data_keys), (new.id().as_str(), &[2][..]));
    app.access_token(&customer(ACME), &id, &[]).await.unwrap();
    assert!(app.verify(&operator(), |_| {}).await.unwrap().is_sound());
}

/// A store whose rows were edited by hand.
#[derive(Default)]
struct Tampered {
    swaps_secrets: AtomicBool,
    hides_newest_event: AtomicBool,
}

#[async_trait]
impl Intercept for Tampered {
    async fn sealed(
        &self,
        next: &dyn TokenStore,
        token: TokenId,
    ) -> Result<Option<Sealed>, StoreError> {
        let tokens = finch_testkit::connections(next, None).await?.remove(0).tokens;
        let other = tokens.iter().find(|other| other.id != token).map(|other| other.id);
        let swaps = self.swaps_secrets.load(Ordering::SeqCst);
        next.sealed(other.filter(|_| swaps).unwrap_or(token)).await
    }

    async fn events(
        &self,
        next: &dyn TokenStore,
        query: &EventQuery<'_>,
    ) -> Result<Vec<Recorded>, StoreError> {
        let mut events = next.events(query).await?;
        if self.hides_newest_event.load(Ordering::SeqCst) {
            events.pop();
        }
        Ok(events)
    }
}

#[tokio::test]
async fn verification_finds_secrets_and_events_that_are_not_what_was_written() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "y").await;
    let store = Arc::new(Intercepted::new(Tampered::default(), world.store.clone()));
    let app = open_finch(world.finch.clone(), store.clone(), world.system.clone()).await;
    let verify = async || app.verify(&operator(), |_| {}).await.unwrap();
    assert_eq!((verify().await.is_sound(), verify().await.secrets), (true, 2));
    store.intercept.swaps_secrets.store(true, Ordering::SeqCst);
    assert_eq!(verify().await.unreadable.len(), 2, "each is bound to its customer and its token");
    store.intercept.swaps_secrets.store(false, Ordering::SeqCst);
    store.intercept.hides_newest_event.store(true, Ordering::SeqCst);
    let found = verify().await;
    assert_eq!((found.unreadable.len(), found.broken_records.len()), (0, 1));
    assert_eq!(found.broken_records[0].connection, Some(load(&world, &id).await.key));
}

/// Hands out another token's secret.
struct Mixed(Sealed);

#[async_trait]
impl Intercept for Mixed {
    async fn usable_token(
        &self,
        next: &dyn TokenStore,
        customer: &finch_core::CustomerId,
        connection: &finch_core::ConnectionId,
        wanted: &finch_core::TokenQuery,
    ) -> Result<Option<finch_core::SealedToken>, StoreError> {
        let found = next.usable_token(customer, connection, wanted).await?;
        Ok(found.map(|token| finch_core::SealedToken { sealed: self.0.clone(), ..token }))
    }
}

#[tokio::test]
async fn another_customers_secret_is_not_handed_out() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    let betas = load(&world, &id).await.tokens[1].id;
    let betas = world.store.sealed(betas).await.unwrap().unwrap();
    let store = Arc::new(Intercepted::new(Mixed(betas), world.store.clone()));
    let app = open_finch(world.finch.clone(), store, world.system.clone()).await;
    let refused = app.access_token(&customer(ACME), &id, &[]).await.unwrap_err();
    assert!(matches!(refused, TokenError::Store(StoreError::Unreadable { .. })), "{refused:?}");
}
