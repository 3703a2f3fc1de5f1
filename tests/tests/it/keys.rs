//! Keys under running processes.

use std::sync::Arc;

use finch_app::{DisconnectOutcome, Finch, Kek, KeysError, OpenFinchError};
use finch_core::Actionable as _;
use finch_seal::KeySource as _;
use finch_tests::{customer, keys, operator};

use crate::semantics::*;

fn new_key() -> Arc<Kek> {
    Arc::new(Kek::generate().unwrap())
}

async fn rotate(finch: &Finch) -> (u32, u64, bool) {
    let rotated = finch.rotate(&operator(), |_| {}).await.unwrap();
    (rotated.epoch, rotated.resealed, rotated.joined)
}

#[tokio::test]
async fn a_rotation_ends_while_another_process_goes_on() {
    let world = world().await;
    let other = world.another_process().await;
    let id = connect(&world, ACME, "x").await;
    let access = async || other.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    let before = access().await;
    assert_eq!(rotate(&world.app).await, (2, 1, false));
    assert_eq!(world.app.key_status(&operator()).await.unwrap().data_keys, [2]);
    assert_eq!(before.expose(), access().await.expose());
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
    let new = new_key();
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
        let (world, id) = connected().await;
        let (state, code) = begin(&world, ACME, "x").await;
        let (other, new) = (world.another_process().await, new_key());
        if rotates_first {
            rotate(&other).await;
        }
        other.replace_key(&operator(), new.clone()).await.unwrap();
        if !rotates_first {
            rotate(&other).await;
        }
        let complete = async |app: &Finch| {
            app.complete_connect(&customer(ACME), state.clone(), code.clone()).await
        };
        let error = complete(&world.app).await.unwrap_err();
        assert_eq!((error.advice().code, error.is_retryable()), ("keys_unavailable", true));
        let error = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap_err();
        assert_eq!(error.advice().code, "keys_unavailable");
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

#[tokio::test]
async fn a_key_is_replaced_while_another_process_rotates() {
    let (world, id) = connected().await;
    let other = world.another_process().await;
    let rotation = async move { assert_eq!(rotate(&other).await.0, 2) };
    let app = world.overtaken(("commit", 0), rotation).await;
    let new = new_key();
    app.replace_key(&operator(), new.clone()).await.unwrap();
    let status = app.key_status(&operator()).await.unwrap();
    assert_eq!((status.key.as_str(), &*status.data_keys), (new.id().as_str(), &[2][..]));
    app.access_token(&customer(ACME), &id, &[]).await.unwrap();
    assert!(app.verify(&operator(), |_| {}).await.unwrap().is_sound());
}
