//! Plan, retire, fence, finish; and what ends otherwise.

use finch_app::{DisconnectError, DisconnectRequest};
use finch_core::{EventKind, Evidence, TokenState};
use finch_tests::all_events;

use super::*;

/// This connection, for everyone.
fn everyone(id: &ConnectionId) -> DisconnectRequest {
    DisconnectRequest { for_everyone: Some("why".into()), ..id.clone().into() }
}

#[tokio::test]
async fn a_connection_that_moved_since_the_plan_is_plan_changed_and_nothing_is_done() {
    let (world, id) = connected().await;
    let before = load(&world, &id).await;
    let plan = world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert_eq!(load(&world, &id).await, before, "a plan changes nothing");
    assert!(world.finch.take_calls().is_empty());
    connect(&world, ACME, "x").await;
    let error = world.app.disconnect(&customer(ACME), plan).await.unwrap_err();
    assert!(matches!(error, DisconnectError::PlanChanged), "{error:?}");
    assert_eq!(states(&world, &id).await, ["active", "active"]);
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_shared_connection_retires_in_a_customers_scope_and_goes_on_for_others() {
    let (world, id) = shared().await;
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::Retired { tokens: 1 });
    assert!(world.finch.take_calls().is_empty(), "Finch is not called");
    let own = load(&world, &id).await.tokens.remove(0);
    assert_eq!(own.state, TokenState::Retired);
    assert!(is_sealed(&world, own.id).await, "it may be needed");
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnected));
    token(&world, BETA, &id).await;
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::AlreadyDisconnected);
    let events = world.store.events(&all_events()).await.unwrap();
    assert!(events.iter().any(|e| e.event.kind == EventKind::Retired));
}

#[tokio::test]
async fn the_operator_forces_the_whole_connection_with_a_reason() {
    let (world, id) = shared().await;
    let shared = world.app.disconnect(&operator(), id.clone()).await.unwrap();
    assert_eq!(shared, DisconnectOutcome::SharedWithOthers);
    let plan = world.app.plan_disconnect(&operator(), everyone(&id)).await.unwrap();
    // It is no customer's to carry out.
    for who in [ACME, 2] {
        let error = world.app.disconnect(&customer(who), plan.clone()).await.unwrap_err();
        assert!(matches!(error, DisconnectError::PlanChanged));
    }
    assert_eq!(states(&world, &id).await, ["active", "active"]);
    let outcome = world.app.disconnect(&operator(), plan).await.unwrap();
    assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 2 });
    let connection = load(&world, &id).await;
    assert_eq!(connection.disconnects[0].intent.reason.as_deref(), Some("why"));
}

#[tokio::test]
async fn a_provisional_connection_is_asked_for_its_company_first() {
    let world = world().await;
    world.finch.hide_company(true);
    let id = connect(&world, ACME, "x").await;
    world.finch.hide_company(false);
    let plan = world.app.plan_disconnect(&customer(ACME), id).await.unwrap();
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(plan.company_id.unwrap().as_str(), "c");
}

#[tokio::test]
async fn a_token_or_id_of_an_ended_generation_is_already_disconnected() {
    let (world, id) = connected().await;
    let old = token(&world, ACME, &id).await;
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    let by_id = disconnect(&world, ACME, &id).await;
    let by_token = world.app.disconnect(&customer(ACME), old).await.unwrap();
    assert_eq!([by_id, by_token], [(); 2].map(|()| DisconnectOutcome::AlreadyDisconnected));
    assert!(world.finch.take_calls().is_empty(), "nothing is sent");
    token(&world, ACME, &again).await;
}

#[tokio::test]
async fn a_second_request_joins_the_open_disconnect() {
    let (world, id) = connected().await;
    disconnect_in_vain(&world, ACME, &id, || answer(503, "later")).await;
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::Disconnected { tokens: 1 });
    assert_eq!(load(&world, &id).await.disconnects.len(), 1);
}

#[tokio::test]
async fn finish_writes_evidence_wipes_and_records() {
    let (world, id) = connected().await;
    disconnect(&world, ACME, &id).await;
    let token = load(&world, &id).await.tokens.remove(0);
    assert!(matches!(token.state, TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }));
    assert!(!is_sealed(&world, token.id).await);
    let events = world.store.events(&all_events()).await.unwrap();
    let [.., EventKind::Acknowledged { .. }, EventKind::TokenRefused { .. }, last] =
        &events.into_iter().map(|e| e.event.kind).collect::<Vec<_>>()[..]
    else {
        panic!("other events")
    };
    assert_eq!(*last, EventKind::Disconnected);
}
