//! An employer that must authenticate again: from the webhook to a connection that works.

use finch_app::{BeginConnectError, TokenError, Unauthorized};
use finch_core::{ConnectionState, ConnectionStatus};
use finch_testkit::Reach;
use finch_tests::{World, customer};

use super::state;
use crate::semantics::{ACME, BETA, answer, connect, disconnect, lost, request, states, why_none};

#[tokio::test]
async fn reauth_is_noted_and_a_new_token_ends_it() {
    for reach in [Reach::Pair, Reach::Connection] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, ACME, "x").await;
        let old = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
        world.finch.set_status(&id, ConnectionStatus::Reauth);
        world.hint(&id, "reauth").await;
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::NeedsReauth);
        assert!(matches!(why_none(&world, ACME, &id).await, TokenError::NeedsReauth));
        assert_eq!(states(&world, &id).await, ["active", "active"], "the tokens are kept");

        let begun = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await.unwrap();
        assert_eq!(begun.reauthenticates.as_ref(), Some(&id));
        let code = world.finch.login_again(&id).unwrap();
        let done = world.app.complete_connect(&customer(ACME), begun.state, code).await.unwrap();
        assert_eq!((&done.connection_id, done.joined_tokens), (&id, 2), "the same connection");
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::Connected);
        let new = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
        assert_ne!(new.expose(), old.expose());
        let view = world.app.connections(&customer(ACME)).all().await.unwrap();
        assert_eq!((view.len(), view[0].tokens.len()), (1, 3));
        let said = world.app.report_unauthorized(&customer(ACME), &new).await.unwrap();
        assert_eq!(said, Unauthorized::StillAccepted);
        // One disconnect still ends all of it.
        world.app.disconnect(&customer(ACME), id.clone()).await.unwrap();
        assert!(world.finch.alive().is_empty());
    }
}

#[tokio::test]
async fn a_reauthentication_is_begun_by_the_connections_own_customer_only() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let foreign = world.app.begin_reauthenticate(&customer(BETA), &id, request()).await;
    assert!(matches!(foreign, Err(BeginConnectError::NotFound)), "{foreign:?}");
}

#[tokio::test]
async fn what_has_ended_is_not_renewed_and_finch_is_not_asked() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    world.finch.take_calls();
    let renew = async |id| world.app.begin_reauthenticate(&customer(ACME), id, request()).await;
    let ended = renew(&id).await;
    assert!(matches!(ended, Err(BeginConnectError::Ended)), "{ended:?}");
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(renew(&again).await.unwrap().reauthenticates, Some(again.clone()));

    // Access that was given up, though the connection goes on for others.
    connect(&world, BETA, "y").await;
    disconnect(&world, ACME, &again).await;
    assert!(matches!(renew(&again).await, Err(BeginConnectError::Ended)));
}

#[tokio::test]
async fn what_is_being_disconnected_is_not_renewed() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    world.fail(100, lost);
    disconnect(&world, ACME, &id).await;
    world.finch.take_calls();
    let renewed = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await;
    assert!(matches!(renewed, Err(BeginConnectError::Disconnecting)), "{renewed:?}");
    assert!(world.finch.take_calls().is_empty());
}

/// No webhook has come; but Finch renews nothing that has ended.
#[tokio::test]
async fn a_renewal_that_finch_refuses_finds_out_that_the_connection_has_ended() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    world.finch.fail_next(answer(400, "invalid_request"));
    let renewed = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await;
    assert!(matches!(renewed, Err(BeginConnectError::Finch(_))), "it lives: {renewed:?}");
    world.finch.end_from_dashboard(&id);
    let renewed = world.app.begin_reauthenticate(&customer(ACME), &id, request()).await;
    assert!(matches!(renewed, Err(BeginConnectError::Ended)), "{renewed:?}");
    assert_eq!(state(&world, ACME, &id).await, ConnectionState::Disconnected);
    assert_eq!(state(&world, BETA, &id).await, ConnectionState::Connected, "no webhook named it");
}

/// A person has signed in again at Finch's own pages, or one of two customers has: it works for both.
#[tokio::test]
async fn a_healthy_connection_is_in_use_again() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    world.hint(&id, "reauth").await;
    assert_eq!(state(&world, BETA, &id).await, ConnectionState::NeedsReauth);
    world.finch.set_status(&id, ConnectionStatus::Connected);
    let pass = world.hint(&id, "connected").await;
    assert_eq!(pass.changed, 2);
    for who in [ACME, BETA] {
        assert_eq!(state(&world, who, &id).await, ConnectionState::Connected);
    }
    world.finch.take_calls();
    assert_eq!(world.hint(&id, "connected").await.changed, 0);
    assert_eq!(world.finch.take_calls(), ["introspect"; 2]);
}
