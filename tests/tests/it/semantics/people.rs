//! What needs a person, and what a person can do.

use std::path::Path;

use finch_app::{DisconnectError, DisconnectOutcome, Matter};
use finch_core::{ABANDONED_AFTER, Evidence, FailureKind, TokenState};
use finch_seal::Domain;
use finch_testkit::application;
use finch_tests::{fingerprint, folder, sqlite};

use super::*;

pub(crate) async fn listed(world: &World) -> Vec<finch_app::Attention> {
    world.app.attention(&operator()).all().await.unwrap()
}

#[tokio::test]
async fn an_acknowledged_disconnect_without_proof_stays_pending_under_attention() {
    let (world, id) = connected().await;
    world.finch.lie_next();
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { attention: true, .. }));
    let [listed] = &listed(&world).await[..] else { panic!("one") };
    assert_eq!(listed.matter, Matter::DisconnectStuck);
    assert_eq!(listed.failure.as_ref().unwrap().kind, FailureKind::StillAccepted);
    assert!(is_sealed(&world, load(&world, &id).await.tokens[0].id).await);
}

#[tokio::test]
async fn only_an_operator_closes_it_with_a_name_and_a_reason() {
    let (world, id) = connected().await;
    let close = async |reason| world.app.close_disconnect(&operator(), &id, reason).await;
    assert!(matches!(close("why").await, Err(DisconnectError::NotDisconnecting)));
    world.finch.lie_next();
    disconnect(&world, ACME, &id).await;
    assert!(matches!(close(" ").await, Err(DisconnectError::NoReason)));
    let unknown = world.app.close_disconnect(&operator(), &"other".parse().unwrap(), "why").await;
    assert!(matches!(unknown, Err(DisconnectError::NotFound)));
    assert_eq!(close("ticket 4711").await.unwrap(), 1);
    let token = load(&world, &id).await.tokens.remove(0);
    let TokenState::Revoked { evidence: Evidence::ClosedByOperator { operator, reason }, .. } =
        &token.state
    else {
        panic!("{token:?}");
    };
    assert_eq!((operator.as_str(), reason.as_str()), ("tests", "ticket 4711"));
    assert!(!is_sealed(&world, token.id).await);
    assert!(listed(&world).await.is_empty());
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::AlreadyDisconnected);
}

/// What was sent then could end what the customer has connected since.
#[tokio::test]
async fn nothing_is_sent_for_a_disconnect_that_an_operator_closes_meanwhile() {
    let (world, id) = connected().await;
    let (other, named) = (world.another_process().await, id.clone());
    let close = async move {
        assert_eq!(other.close_disconnect(&operator(), &named, "ticket 4711").await.unwrap(), 1);
    };
    // Its second commit is the sending mark.
    let app = world.overtaken(("commit", 1), close).await;
    let outcome = app.disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert_eq!(outcome, DisconnectOutcome::AlreadyDisconnected, "and not on Finch's word");
    assert_eq!(world.finch.take_calls(), [""; 0]);
    assert_eq!(states(&world, &id).await, ["revoked"]);
}

#[tokio::test]
async fn a_quarantined_token_is_listed_until_it_is_disconnected() {
    let world = world().await;
    let callback = begin_as(&world, ACME, Some("another")).await;
    let error = complete(&world, ACME, callback).await.unwrap_err();
    let CompleteConnectError::Quarantined { connection_id, .. } = error else {
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
    lose_an_exchange(&world, false).await;
    let orphan = world.app.possible_orphans(&operator()).all().await.unwrap().remove(0);
    let dismiss = async |why| world.app.dismiss_orphan(&operator(), orphan.exchange, why).await;
    assert!(matches!(dismiss("").await, Err(DisconnectError::NoReason)));
    dismiss("the dashboard shows none").await.unwrap();
    assert!(matches!(dismiss("again").await, Err(DisconnectError::NotListed)));
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
    for (orphans, unfinished) in [(0, 1), (1, 0)] {
        let runs = world.app.unfinished_exchanges(&operator()).all().await.unwrap().len();
        assert_eq!((world.orphans().await, runs), (orphans, unfinished));
        world.system.pass(ABANDONED_AFTER);
    }
}

/// A connection in a store whose secrets are overwritten, as a wrong key or a bad disk would.
async fn unreadable(path: &Path) -> (World, ConnectionId) {
    let world = World::new(Reach::Pair, sqlite(path, application())).await;
    let id = connect(&world, ACME, "x").await;
    let db = rusqlite::Connection::open(path).unwrap();
    db.execute("UPDATE secrets SET sealed = randomblob(length(sealed))", []).unwrap();
    (world, id)
}

#[tokio::test]
async fn a_new_token_ends_a_disconnect_that_lacks_a_readable_one() {
    let folder = folder();
    let (world, id) = unreadable(&folder.path().join("finch.db")).await;
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { attention: true, .. }), "{outcome:?}");
    assert_eq!(listed(&world).await[0].matter, Matter::NoReadableToken);
    assert!(!world.finch.alive().is_empty(), "and Finch bills");
    let done = renew(&world, ACME, &id).await;
    assert_eq!(done.token_state, TokenState::Fenced, "for the disconnect, and for nothing else");
    // The unreadable one is not proven: Finch has ended it with the connection, and an operator
    // who sees that in Finch's dashboard says so.
    reconcile(&world).await;
    assert!(world.finch.alive().is_empty(), "Finch bills no more");
    let closed = world.app.close_disconnect(&operator(), &id, "ended with the other").await;
    assert_eq!(closed.unwrap(), 1);
    assert!(listed(&world).await.is_empty());
}

#[tokio::test]
async fn an_unreadable_secret_does_not_stop_the_others() {
    let folder = folder();
    let (world, id) = unreadable(&folder.path().join("finch.db")).await;
    connect(&world, ACME, "x").await;
    let outcome = disconnect(&world, ACME, &id).await;
    assert!(matches!(outcome, DisconnectOutcome::Pending { unproven: 1, .. }), "{outcome:?}");
    assert!(world.finch.alive().is_empty());
    assert_eq!(listed(&world).await[0].matter, Matter::NoReadableToken);
}
