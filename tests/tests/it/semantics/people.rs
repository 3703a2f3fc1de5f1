//! What needs a person, and what a person can do.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use finch_app::{CloseError, DisconnectOutcome, Matter};
use finch_core::{Evidence, FailureKind, TokenState};
use finch_seal::Domain;
use finch_testkit::{Reach, application};
use finch_tests::{World, fingerprint, operator};

use super::*;

async fn listed(world: &World) -> Vec<finch_app::Attention> {
    world.app.attention(&operator()).all().await.unwrap()
}

#[tokio::test]
async fn an_acknowledged_disconnect_without_proof_stays_pending_under_attention() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.finch.lie_next();
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { attention: true, .. }));
    let listed = listed(&world).await;
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].matter, Matter::DisconnectStuck);
    assert_eq!(listed[0].failure.as_ref().unwrap().kind, FailureKind::StillAccepted);
    assert!(world.store.sealed(load(&world, &id).await.tokens[0].id).await.unwrap().is_some());
}

#[tokio::test]
async fn only_an_operator_closes_it_with_a_name_and_a_reason() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let close = async |reason| world.app.close_disconnect(&operator(), &id, reason).await;
    assert!(matches!(close("why").await, Err(CloseError::NotDisconnecting)));
    world.finch.lie_next();
    disconnect(&world, ACME, &id).await;
    assert!(matches!(close(" ").await, Err(CloseError::NoReason)));
    let unknown = world.app.close_disconnect(&operator(), &"other".parse().unwrap(), "why").await;
    assert!(matches!(unknown, Err(CloseError::NotFound)));
    assert_eq!(close("ticket 4711").await.unwrap(), 1);
    let connection = load(&world, &id).await;
    let TokenState::Revoked { evidence: Evidence::ClosedByOperator { operator, reason }, .. } =
        &connection.tokens[0].state
    else {
        panic!("{connection:?}");
    };
    assert_eq!((operator.as_str(), reason.as_str()), ("tests", "ticket 4711"));
    assert!(world.store.sealed(connection.tokens[0].id).await.unwrap().is_none());
    assert!(listed(&world).await.is_empty());
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::AlreadyDisconnected);
}

#[tokio::test]
async fn a_quarantined_token_is_listed_until_it_is_disconnected() {
    let world = world().await;
    let begun = world.app.begin_connect(&customer(ACME), request()).await.unwrap();
    let other = "another".parse().unwrap();
    let code = world.finch.login("gusto", "c", "x", Some(&other));
    let error = world.app.complete_connect(&customer(ACME), begun.state, code).await.unwrap_err();
    let finch_app::CompleteConnectError::Quarantined { connection_id, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(listed(&world).await[0].matter, Matter::Quarantined);
    world.app.disconnect(&operator(), connection_id).await.unwrap();
    assert!(listed(&world).await.is_empty());
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_lost_exchange_is_dismissed_on_an_operators_word() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    world.finch.fail_next(lost());
    world.app.complete_connect(&customer(ACME), state, code).await.unwrap_err();
    let orphan = world.app.possible_orphans(&operator()).all().await.unwrap().remove(0);
    let dismiss = async |id, why| world.app.dismiss_orphan(&operator(), id, why).await;
    assert!(matches!(dismiss(orphan.exchange, "").await, Err(CloseError::NoReason)));
    dismiss(orphan.exchange, "the dashboard shows none").await.unwrap();
    assert!(matches!(dismiss(orphan.exchange, "again").await, Err(CloseError::NotFound)));
    assert_eq!(world.orphans().await, 0);
}

#[tokio::test]
async fn an_exchange_that_runs_is_listed_as_an_orphan_only_later() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let now = world.system.now_quietly();
    let state = fingerprint(&*world.store, Domain::State, state.expose()).await;
    let code = fingerprint(&*world.store, Domain::Code, code.expose()).await;
    world.store.claim_attempt(None, &state, &code, now).await.unwrap();
    assert_eq!(world.orphans().await, 0);
    assert_eq!(world.app.unfinished_exchanges(&operator()).all().await.unwrap().len(), 1);
    world.system.pass(finch_core::ABANDONED_AFTER);
    assert_eq!(world.orphans().await, 1);
    assert!(world.app.unfinished_exchanges(&operator()).all().await.unwrap().is_empty());
}

/// A world whose store is a file in there.
async fn world_in(folder: &Path) -> (PathBuf, World) {
    let path = folder.join("finch.db");
    let options = finch_sqlite::SqliteOptions::create(&path, application());
    let store = finch_sqlite::SqliteTokenStore::open(options).unwrap();
    (path, World::new(Reach::Pair, Arc::new(store)).await)
}

/// Overwrites every sealed secret that there is now, as a wrong key or a bad disk would.
fn lose_secrets(path: &Path) {
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("UPDATE secrets SET sealed = randomblob(length(sealed))", []).unwrap();
}

#[tokio::test]
async fn a_new_token_ends_a_disconnect_that_lacks_a_readable_one() {
    let folder = tempfile::tempdir().unwrap();
    let (path, world) = world_in(folder.path()).await;
    let id = connect(&world, ACME, "x").await;
    lose_secrets(&path);
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { attention: true, .. }), "{outcome:?}");
    assert_eq!(listed(&world).await[0].matter, Matter::NoReadableToken);
    assert!(!world.finch.alive().is_empty(), "and Finch bills");

    let begun = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await.unwrap();
    let code = world.finch.login_again(&id).unwrap();
    let done = world.app.complete_connect(&customer(ACME), begun.state, code).await.unwrap();
    assert_eq!(
        done.token_state,
        TokenState::Fenced,
        "it is for the disconnect, and for nothing else"
    );
    // The unreadable one is not proven: Finch has ended it with the connection, and an operator
    // who sees that in Finch's dashboard says so.
    reconcile(&world).await;
    assert!(world.finch.alive().is_empty(), "Finch bills no more");
    assert_eq!(
        world.app.close_disconnect(&operator(), &id, "ended with the other").await.unwrap(),
        1
    );
    assert!(listed(&world).await.is_empty());
}

#[tokio::test]
async fn an_unreadable_secret_does_not_stop_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let (path, world) = world_in(folder.path()).await;
    let id = connect(&world, ACME, "x").await;
    lose_secrets(&path);
    connect(&world, ACME, "x").await;
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { unproven: 1, .. }), "{outcome:?}");
    assert!(world.finch.alive().is_empty());
    assert_eq!(listed(&world).await[0].matter, Matter::NoReadableToken);
}
