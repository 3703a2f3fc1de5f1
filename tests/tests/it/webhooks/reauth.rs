//! An employer that must authenticate again: from the webhook to a connection that works.

use finch_app::{BeginConnectError, BegunConnect, TokenError, Unauthorized};
use finch_core::{ConnectionId, ConnectionState, ConnectionStatus};
use finch_testkit::Reach;
use finch_tests::{World, customer};

use super::state;
use crate::semantics::*;

#[tokio::test]
async fn reauth_is_noted_and_a_new_token_ends_it() {
    for reach in [Reach::Pair, Reach::Connection] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, ACME, "x").await;
        let old = token(&world, ACME, &id).await;
        world.finch.set_status(&id, ConnectionStatus::Reauth);
        world.hint(&id, "reauth").await;
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::NeedsReauth);
        assert!(matches!(why_none(&world, ACME, &id).await, TokenError::NeedsReauth));
        assert_eq!(states(&world, &id).await, ["active", "active"], "the tokens are kept");
        let done = renew(&world, ACME, &id).await;
        assert_eq!((&done.connection_id, done.joined_tokens), (&id, 2), "the same connection");
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::Connected);
        let new = token(&world, ACME, &id).await;
        assert_ne!(new.expose(), old.expose());
        let said = world.app.report_unauthorized(&customer(ACME), &new).await.unwrap();
        assert_eq!(said, Unauthorized::StillAccepted);
        // One disconnect still ends all of it.
        disconnect(&world, ACME, &id).await;
        assert!(world.finch.alive().is_empty());
    }
}

async fn begin(world: &World, id: &ConnectionId) -> Result<BegunConnect, BeginConnectError> {
    world.app.begin_reauthenticate(&customer(ACME), id, request()).await
}

#[tokio::test]
async fn what_is_anothers_has_ended_or_is_ending_is_not_renewed_and_finch_is_not_asked() {
    let (world, id) = connected().await;
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    let foreign = world.app.begin_reauthenticate(&customer(BETA), &again, request()).await;
    assert!(matches!(foreign, Err(BeginConnectError::NotFound)), "{foreign:?}");
    assert!(matches!(begin(&world, &id).await, Err(BeginConnectError::Ended)));
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(begin(&world, &again).await.unwrap().reauthenticates, Some(again.clone()));

    // Access that was given up, though the connection goes on for others.
    connect(&world, BETA, "y").await;
    disconnect(&world, ACME, &again).await;
    assert!(matches!(begin(&world, &again).await, Err(BeginConnectError::Ended)));

    let id = connect(&world, ACME, "z").await;
    disconnect(&world, BETA, &id).await;
    disconnect_in_vain(&world, ACME, &id, lost).await;
    assert!(matches!(begin(&world, &id).await, Err(BeginConnectError::Disconnecting)));
    assert!(world.finch.take_calls().is_empty());
}

/// No webhook has come; but Finch renews nothing that has ended.
#[tokio::test]
async fn a_renewal_that_finch_refuses_finds_out_that_the_connection_has_ended() {
    let (world, id) = shared().await;
    world.finch.fail_next(answer(400, "invalid_request"));
    let renewed = begin(&world, &id).await;
    assert!(matches!(renewed, Err(BeginConnectError::Finch(_))), "it lives: {renewed:?}");
    world.finch.end_from_dashboard(&id);
    let renewed = begin(&world, &id).await;
    assert!(matches!(renewed, Err(BeginConnectError::Ended)), "{renewed:?}");
    assert_eq!(state(&world, ACME, &id).await, ConnectionState::Disconnected);
    assert_eq!(state(&world, BETA, &id).await, ConnectionState::Connected, "no webhook named it");
}

/// A person has signed in again at Finch's own pages, or one of two customers has: it works for both.
#[tokio::test]
async fn a_healthy_connection_is_in_use_again() {
    let (world, id) = shared().await;
    world.finch.set_status(&id, ConnectionStatus::Reauth);
    world.hint(&id, "reauth").await;
    assert_eq!(state(&world, BETA, &id).await, ConnectionState::NeedsReauth);
    world.finch.set_status(&id, ConnectionStatus::Connected);
    assert_eq!(world.hint(&id, "connected").await.changed, 2);
    for who in [ACME, BETA] {
        assert_eq!(state(&world, who, &id).await, ConnectionState::Connected);
    }
    world.finch.take_calls();
    assert_eq!(world.hint(&id, "connected").await.changed, 0);
    assert_eq!(world.finch.take_calls(), ["introspect"; 2]);
}
