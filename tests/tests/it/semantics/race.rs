//! An exchange and a disconnect of the same connection, at once.

use finch_core::{Draft, FinchApi as _, LATE_EFFECT, TokenState, decide};

use super::*;

/// A connection whose disconnect Finch has not answered yet.
async fn disconnecting() -> (World, ConnectionId) {
    let (world, id) = connected().await;
    disconnect_in_vain(&world, ACME, &id, || answer(503, "later")).await;
    (world, id)
}

/// A connection that a second `/disconnect` has ended, while the first one may take effect later.
async fn ended_with_a_late_effect() -> (World, ConnectionId) {
    let (world, id) = connected().await;
    world.finch.delay_next_effect();
    disconnect(&world, ACME, &id).await;
    assert!(all_revoked(&load(&world, &id).await));
    (world, id)
}

async fn newest(world: &World, id: &ConnectionId) -> &'static str {
    states(world, id).await.pop().expect("a token")
}

#[tokio::test]
async fn began_before_an_open_disconnect_is_fenced_with_the_rest() {
    let (world, id) = connected().await;
    let done = meanwhile(&world, (ACME, "x"), Held::BeforeItsAnswer, async || {
        disconnect_in_vain(&world, ACME, &id, || answer(503, "later")).await;
        world.fail(200, || answer(503, "later"));
    });
    drop(done.await);
    assert_eq!(states(&world, &id).await, ["fenced", "fenced"]);
    world.finch.recover();
    settle(&world).await;
    assert!(all_revoked(&load(&world, &id).await) && world.finch.alive().is_empty());
}

#[tokio::test]
async fn began_before_an_ended_disconnect_reopens_it() {
    let (world, id) = connected().await;
    let done = meanwhile(&world, (ACME, "x"), Held::BeforeItsEffect, async || {
        disconnect(&world, ACME, &id).await;
    });
    drop(done.await);
    settle(&world).await;
    let tokens = world.tokens().await;
    assert!(tokens.iter().all(|(_, t)| t.state.is_revoked()), "{tokens:?}");
    assert_eq!(load(&world, &id).await.disconnects.len(), 1, "the same record");
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn began_while_a_disconnect_was_open_is_unverified_until_finch_accepts_it() {
    let (world, id) = disconnecting().await;
    // Other credentials: at Finch it is no part of what is being disconnected here.
    let callback = begin(&world, BETA, "y").await;
    let done = complete(&world, BETA, callback).await.unwrap();
    assert_eq!(done.token_state, TokenState::Unverified);
    assert!(matches!(why_none(&world, BETA, &done.connection_id).await, TokenError::Unverified));
    settle(&world).await;
    let lives = world.finch.alive().len() == 1;
    assert_eq!(newest(&world, &id).await == "active", lives, "Finch decides");
}

#[tokio::test]
async fn began_while_a_disconnect_was_open_and_finch_refuses_it_is_revoked() {
    let (world, id) = disconnecting().await;
    let late = connect(&world, BETA, "x").await;
    world.finch.end_from_dashboard(&late);
    settle(&world).await;
    assert!(all_revoked(&load(&world, &id).await));
    assert!(matches!(why_none(&world, BETA, &late).await, TokenError::Disconnected));
}

/// By the process's own clock, which does not jump.
#[tokio::test]
async fn within_seven_minutes_of_an_ambiguous_attempt_it_is_unverified() {
    let year = 365 * 24 * 3600;
    for jump in [0, year, -year] {
        let (world, _) = ended_with_a_late_effect().await;
        world.system.set_forward(jump);
        let again = connect(&world, ACME, "x").await;
        assert!(matches!(why_none(&world, ACME, &again).await, TokenError::Unverified));
        let ten = Duration::from_secs(10);
        for (wait, state) in [(LATE_EFFECT - ten, "unverified"), (2 * ten, "active")] {
            assert_eq!(newest(&world, &again).await, "unverified");
            world.system.pass(wait);
            reconcile(&world).await;
            assert_eq!(newest(&world, &again).await, state);
        }
    }
}

#[tokio::test]
async fn a_late_effect_kills_no_token_that_was_handed_out() {
    let (world, _) = ended_with_a_late_effect().await;
    let again = connect(&world, ACME, "x").await;
    why_none(&world, ACME, &again).await;
    world.finch.take_effect();
    world.system.pass(LATE_EFFECT);
    reconcile(&world).await;
    assert_eq!(newest(&world, &again).await, "revoked");
}

#[tokio::test]
async fn an_exchange_that_began_before_its_customer_retired_arrives_retired() {
    let (world, id) = shared().await;
    let done = meanwhile(&world, (ACME, "x"), Held::BeforeItsAnswer, async || {
        disconnect(&world, ACME, &id).await;
    });
    drop(done.await);
    assert_eq!(states(&world, &id).await, ["retired", "active", "retired"]);
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnected));
    // One that begins later is a new access.
    let again = connect(&world, ACME, "x").await;
    token(&world, ACME, &again).await;
}

/// The token was issued before the effect came, and its answer took longer than the effect.
#[tokio::test]
async fn a_late_effect_between_a_token_and_its_answer_leaves_nothing_active() {
    let (world, _) = ended_with_a_late_effect().await;
    let done = meanwhile(&world, (ACME, "x"), Held::BeforeItsAnswer, async || {
        world.finch.take_effect();
        world.system.pass(LATE_EFFECT + Duration::from_secs(1));
    });
    drop(done.await);
    assert!(world.finch.alive().is_empty());
    let tokens = world.tokens().await;
    assert!(tokens.len() == 2 && tokens.iter().all(|(_, t)| t.state.is_revoked()), "{tokens:?}");
}

/// Finch accepted the token in doubt before the effect came, and that answer took longer than the effect.
#[tokio::test]
async fn a_late_effect_after_finch_has_accepted_a_token_leaves_nothing_active() {
    let (world, id) = ended_with_a_late_effect().await;
    let done = meanwhile(&world, (ACME, "x"), Held::Introspection, async || {
        world.finch.take_effect();
        world.system.pass(LATE_EFFECT + Duration::from_secs(1));
    });
    drop(done.await);
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
    token(&world, BETA, &other).await;
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
    let token = token(&world, ACME, &id).await;
    let callback = begin(&world, ACME, "x").await;
    disconnect_in_vain(&world, ACME, &id, || answer(402, "pay")).await;
    // It has marked the token as sending, and holds the lease.
    let seen = load(&world, &id).await;
    let sending = seen.tokens.last().unwrap().id;
    let mut draft = Draft::of(seen);
    assert!(decide::send(&mut draft, sending));
    world.store.commit(draft.finish().unwrap()).await.unwrap();
    lease_elsewhere(&world, &id).await;
    world.finch.delay_next_effect();
    world.finch.disconnect(&token).await.unwrap_err();
    world.finch.hide_company(false);
    complete(&world, ACME, callback).await.unwrap();
    assert_eq!(load(&world, &named).await.tokens.len(), 3, "one connection");
    everything(&world).await;
    assert_eq!(states(&world, &named).await, ["revoked", "revoked", "revoked"]);
    let next = connect(&world, ACME, "x").await;
    assert!(matches!(why_none(&world, ACME, &next).await, TokenError::Unverified));
    world.finch.take_effect();
    assert!(world.finch.alive().is_empty());
}
