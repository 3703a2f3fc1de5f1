//! An exchange and a disconnect of the same connection, at once.

use std::{pin::pin, time::Duration};

use finch_core::{Draft, FinchApi as _, LATE_EFFECT, decide};
use finch_testkit::Held;
use finch_tests::{World, operator};

use super::*;

/// An exchange begins and waits; meanwhile this happens; then it goes on. The states afterwards.
async fn meanwhile(world: &World, who: u8, with: &str, held: Held, happens: impl AsyncFnOnce()) {
    let (state, code) = begin(world, who, with).await;
    let hold = world.finch.hold_next_exchange(held);
    let scope = customer(who);
    let mut exchange = pin!(world.app.complete_connect(&scope, state, code));
    tokio::select! {
        _ = &mut exchange => panic!("the exchange waits"),
        () = hold.reached() => {}
    }
    happens().await;
    hold.release();
    drop(exchange.await);
}

#[tokio::test]
async fn began_before_an_open_disconnect_is_fenced_with_the_rest() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    meanwhile(&world, ACME, "x", Held::BeforeItsAnswer, async || {
        world.fail(200, || answer(503, "later"));
        disconnect(&world, ACME, &id).await;
    })
    .await;
    assert_eq!(states(&world, &id).await, ["fenced", "fenced"]);
    world.finch.recover();
    settle(&world).await;
    assert!(all_revoked(&load(&world, &id).await) && world.finch.alive().is_empty());
}

#[tokio::test]
async fn began_before_an_ended_disconnect_reopens_it() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    meanwhile(&world, ACME, "x", Held::BeforeItsEffect, async || {
        disconnect(&world, ACME, &id).await;
    })
    .await;
    settle(&world).await;
    let tokens = world.tokens().await;
    assert!(tokens.iter().all(|(_, t)| t.state.is_revoked()), "{tokens:?}");
    let connection = load(&world, &id).await;
    assert_eq!(connection.disconnects.len(), 1, "the same record");
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn began_before_an_ended_disconnect_and_something_newer_lives_is_superseded() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    meanwhile(&world, ACME, "x", Held::BeforeItsEffect, async || {
        disconnect(&world, ACME, &id).await;
        connect(&world, ACME, "x").await;
    })
    .await;
    assert_eq!(states(&world, &id).await, ["revoked", "active", "superseded"]);
    let newer = load(&world, &id).await.tokens[1].facts.connection_id.clone();
    disconnect(&world, ACME, &newer).await;
    assert!(all_revoked(&load(&world, &id).await), "it ends with the next disconnect");
}

#[tokio::test]
async fn began_while_a_disconnect_was_open_is_unverified_until_finch_accepts_it() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.fail(200, || answer(503, "later"));
    disconnect(&world, ACME, &id).await;
    world.finch.recover();
    // Other credentials: at Finch it is no part of what is being disconnected here.
    let (state, code) = begin(&world, BETA, "y").await;
    let done = world.app.complete_connect(&customer(BETA), state, code).await.unwrap();
    assert_eq!(done.token_state, TokenState::Unverified);
    assert!(matches!(why_none(&world, BETA, &done.connection_id).await, TokenError::Unverified));
    settle(&world).await;
    let connection = load(&world, &id).await;
    let token = connection.tokens.last().unwrap();
    let lives = world.finch.alive().len() == 1;
    assert_eq!(token.state == TokenState::Active, lives, "Finch decides: {token:?}");
}

#[tokio::test]
async fn began_while_a_disconnect_was_open_and_finch_refuses_it_is_revoked() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.fail(200, || answer(503, "later"));
    disconnect(&world, ACME, &id).await;
    world.finch.recover();
    let late = connect(&world, BETA, "x").await;
    world.finch.end_from_dashboard(&late);
    settle(&world).await;
    assert!(all_revoked(&load(&world, &id).await));
    assert!(matches!(why_none(&world, BETA, &late).await, TokenError::Disconnected));
}

#[tokio::test]
async fn within_seven_minutes_of_an_ambiguous_attempt_it_is_unverified() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    assert!(all_revoked(&load(&world, &id).await), "a second /disconnect has ended it");
    let again = connect(&world, ACME, "x").await;
    assert_eq!(states(&world, &again).await.last(), Some(&"unverified"));
    assert!(matches!(why_none(&world, ACME, &again).await, TokenError::Unverified));
    world.system.pass(LATE_EFFECT - Duration::from_secs(10));
    reconcile(&world).await;
    assert_eq!(states(&world, &again).await.last(), Some(&"unverified"), "not yet");
    world.system.pass(Duration::from_secs(20));
    reconcile(&world).await;
    assert_eq!(states(&world, &again).await.last(), Some(&"active"));
}

#[tokio::test]
async fn a_late_effect_kills_no_token_that_was_handed_out() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    why_none(&world, ACME, &again).await;
    world.finch.take_effect();
    world.system.pass(LATE_EFFECT);
    reconcile(&world).await;
    assert_eq!(states(&world, &again).await.last(), Some(&"revoked"));
}

#[tokio::test]
async fn after_the_end_it_is_active_in_the_next_generation() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    assert_ne!(again, id);
    world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
    let connection = load(&world, &again).await;
    assert_eq!((connection.tokens.len(), connection.generation()), (2, 1));
}

#[tokio::test]
async fn a_customers_disconnect_covers_no_other_customers_exchange() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    meanwhile(&world, BETA, "y", Held::BeforeItsAnswer, async || {
        world.fail(200, || answer(503, "later"));
        disconnect(&world, ACME, &id).await;
        world.finch.recover();
    })
    .await;
    assert_eq!(states(&world, &id).await, ["fenced", "unverified"]);
}

#[tokio::test]
async fn an_exchange_that_began_before_its_customer_retired_arrives_retired() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    meanwhile(&world, ACME, "x", Held::BeforeItsAnswer, async || {
        disconnect(&world, ACME, &id).await;
    })
    .await;
    assert_eq!(states(&world, &id).await, ["retired", "active", "retired"]);
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnected));
    // One that begins later is a new access.
    let again = connect(&world, ACME, "x").await;
    world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
}

/// The token was issued before the effect came, and its answer took longer than the effect.
#[tokio::test]
async fn a_late_effect_between_a_token_and_its_answer_leaves_nothing_active() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    meanwhile(&world, ACME, "x", Held::BeforeItsAnswer, async || {
        world.finch.take_effect();
        world.system.pass(LATE_EFFECT + Duration::from_secs(1));
    })
    .await;
    assert!(world.finch.alive().is_empty());
    let tokens = world.tokens().await;
    assert!(tokens.len() == 2 && tokens.iter().all(|(_, t)| t.state.is_revoked()), "{tokens:?}");
}

/// The wait for a late effect is by the process's own clock, which does not jump.
#[tokio::test]
async fn a_clock_that_jumps_ends_no_wait_for_a_late_effect() {
    let year = 365 * 24 * 3600;
    for jump in [year, -year] {
        let world = world().await;
        let id = connect(&world, ACME, "x").await;
        world.finch.delay_next_effect();
        disconnect(&world, ACME, &id).await;
        world.system.set_forward(jump);
        let again = connect(&world, ACME, "x").await;
        let newest = async || states(&world, &again).await.pop();
        assert_eq!(newest().await, Some("unverified"), "{jump}");
        world.system.pass(LATE_EFFECT - Duration::from_secs(10));
        reconcile(&world).await;
        assert_eq!(newest().await, Some("unverified"), "not yet: {jump}");
        world.system.pass(Duration::from_secs(20));
        reconcile(&world).await;
        assert_eq!(newest().await, Some("active"), "{jump}");
    }
}

/// Finch accepted the token in doubt before the effect came, and that answer took longer than the effect.
#[tokio::test]
async fn a_late_effect_after_finch_has_accepted_a_token_leaves_nothing_active() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    let (state, code) = begin(&world, ACME, "x").await;
    let hold = world.finch.hold_next_introspection();
    let scope = customer(ACME);
    let mut exchange = pin!(world.app.complete_connect(&scope, state, code));
    tokio::select! {
        _ = &mut exchange => panic!("the question waits"),
        () = hold.reached() => {}
    }
    world.finch.take_effect();
    world.system.pass(LATE_EFFECT + Duration::from_secs(1));
    hold.release();
    drop(exchange.await);
    assert!(world.finch.alive().is_empty());
    assert_eq!(states(&world, &id).await, ["revoked", "unverified"]);
    settle(&world).await;
    assert!(all_revoked(&load(&world, &id).await));
}

/// A known limit: Finch has not named the employer of the connection whose `/disconnect` is still on its way.
#[tokio::test]
async fn a_late_effect_ends_a_token_that_was_handed_out_where_finch_names_no_employer() {
    let world = world().await;
    world.finch.hide_company(true);
    let id = connect(&world, ACME, "x").await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    world.finch.hide_company(false);
    let other = connect(&world, BETA, "y").await;
    world.app.access_token(&customer(BETA), &other, &[]).await.unwrap();
    world.finch.take_effect();
    assert!(world.finch.alive().is_empty());
}

/// A host dies in the middle of a `/disconnect` of a connection whose employer Finch has not named. The next
/// token names it, and its lease is gone with the connection that another one absorbs.
#[tokio::test]
async fn a_late_effect_of_a_host_that_died_before_two_connections_became_one_kills_nothing_in_use()
{
    let world = world().await;
    let named = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &named).await;
    world.finch.hide_company(true);
    let id = connect(&world, ACME, "x").await;
    let token = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    let (state, code) = begin(&world, ACME, "x").await;
    world.fail(20, || answer(402, "pay"));
    disconnect(&world, ACME, &id).await;
    world.finch.recover();
    // It has marked the token as sending, and holds the lease.
    let seen = load(&world, &id).await;
    let (key, dead) = (seen.key, String::from("a host").into());
    let mut draft = Draft::of(seen.clone());
    decide::send(&mut draft, seen.tokens.last().unwrap().id);
    world.store.commit(draft.finish().unwrap()).await.unwrap();
    world.store.lease(key, &dead, world.system.now_quietly()).await.unwrap();
    world.finch.delay_next_effect();
    world.finch.disconnect(&token).await.unwrap_err();
    world.finch.hide_company(false);
    world.app.complete_connect(&customer(ACME), state, code).await.unwrap();
    assert_eq!(load(&world, &named).await.tokens.len(), 3, "one connection");
    world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert_eq!(states(&world, &named).await, ["revoked", "revoked", "revoked"]);
    let next = connect(&world, ACME, "x").await;
    assert!(matches!(why_none(&world, ACME, &next).await, TokenError::Unverified));
    world.finch.take_effect();
    assert!(world.finch.alive().is_empty());
}
