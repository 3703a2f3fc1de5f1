//! A pass that a person asks for goes on until nothing that it could do is left, and says what is open.

use finch_core::LEASE;

use super::*;

/// A token of an employer that Finch has not named, and of which a disconnect that has ended here proves
/// to have covered it once Finch names it.
async fn covered_without_knowing_it() -> World {
    let world = World::in_memory(Reach::Connection).await;
    let known = connect(&world, ACME, "x").await;
    world.finch.hide_company(true);
    connect(&world, ACME, "y").await;
    world.finch.hide_company(false);
    let ended = disconnect(&world, ACME, &known).await;
    assert_eq!(ended, DisconnectOutcome::Disconnected { tokens: 1 });
    assert_eq!(world.finch.alive().len(), 1, "the other token lives");
    world
}

/// A customer has given up a connection, and Finch is about to refuse the other customer's token, of which it must be
/// asked, as after a restore.
async fn left_behind() -> (World, ConnectionId) {
    let (world, id) = shared().await;
    disconnect(&world, ACME, &id).await;
    world.app.doubt_all(&operator()).await.expect("the store answers");
    world.finch.fail_next(answer(401, "invalid_token"));
    (world, id)
}

#[tokio::test]
async fn a_pass_ends_the_disconnect_that_it_reopens_itself() {
    let world = covered_without_knowing_it().await;
    let pass = everything(&world).await;
    assert_eq!((pass.disconnected, pass.pending.len()), (1, 0), "{pass:?}");
    assert!(world.finch.alive().is_empty(), "Finch bills no more");
    assert!(is_at_rest(&world).await);
    assert_eq!(everything(&world).await, Reconciled::default(), "nothing was left");
}

#[tokio::test]
async fn a_pass_reports_the_disconnect_that_it_reopens_itself_and_cannot_end() {
    let world = covered_without_knowing_it().await;
    // Finch says that the connection has ended, and it has not.
    world.finch.lie_next();
    let pass = everything(&world).await;
    assert_eq!((pass.disconnected, pass.pending.len()), (0, 1), "{pass:?}");
    assert!(matches!(pass.pending[0].outcome, DisconnectOutcome::Pending { attention: true, .. }));
    assert!(!is_at_rest(&world).await);
}

#[tokio::test]
async fn a_connection_that_merges_into_a_later_one_is_reported_once() {
    let world = World::in_memory(Reach::Connection).await;
    world.finch.hide_company(true);
    connect(&world, ACME, "y").await;
    world.finch.hide_company(false);
    let later = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &later).await;
    world.finch.lie_next();
    let pass = everything(&world).await;
    assert_eq!((pass.disconnected, pass.pending.len()), (0, 1), "{pass:?}");
}

#[tokio::test]
async fn a_pass_that_finds_the_last_token_dead_ends_what_customers_left_behind() {
    let (world, id) = left_behind().await;
    let pass = everything(&world).await;
    assert_eq!((pass.refused, pass.disconnected), (1, 1), "{pass:?}");
    assert_eq!((pass.pending.len(), pass.unverified), (0, 0), "{pass:?}");
    assert!(world.finch.alive().is_empty(), "Finch bills no more");
    assert!(all_revoked(&load(&world, &id).await));
}

#[tokio::test]
async fn a_pass_reports_what_customers_left_behind_and_it_cannot_end() {
    let (world, _) = left_behind().await;
    world.finch.fail_next(answer(402, "pay"));
    let pass = everything(&world).await;
    assert_eq!((pass.disconnected, pass.pending.len()), (0, 1), "{pass:?}");
}

#[tokio::test]
async fn a_person_waits_for_the_lease_of_a_dead_instance_and_the_background_does_not() {
    let (world, id) = connected().await;
    world.app.doubt_all(&operator()).await.expect("the store answers");
    let now = world.system.now_quietly();
    lease_elsewhere(&world, &id).await;
    let pass = reconcile(&world).await;
    assert_eq!((pass.unverified, pass.verified), (1, 0), "{pass:?}");
    assert!(world.finch.take_calls().is_empty());
    let pass = everything(&world).await;
    assert_eq!((pass.unverified, pass.verified), (0, 1), "{pass:?}");
    assert!(world.system.now_quietly().duration_since(now) >= LEASE.try_into().expect("short"));
    token(&world, ACME, &id).await;
}
