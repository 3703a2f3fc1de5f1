//! Plan, retire, fence, finish; and what ends otherwise.

use finch_app::{
    DisconnectError, DisconnectOutcome, DisconnectRequest, Pass, PlanVerdict, TokenError,
    Unauthorized,
};
use finch_core::{Actor, EventKind, Evidence, TokenState};
use finch_tests::{all_events, operator};

use super::*;

#[tokio::test]
async fn a_plan_says_what_is_hit_and_changes_nothing() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "y").await;
    let before = load(&world, &id).await;
    let own = world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    assert_eq!((own.verdict, own.tokens, own.shared), (PlanVerdict::Retires, 1, true));
    assert_eq!(own.customers, [customer(ACME).id().clone()], "of others only one bit");
    let all = world.app.plan_disconnect(&operator(), id.clone()).await.unwrap();
    assert_eq!(
        (all.verdict, all.tokens, all.customers.len()),
        (PlanVerdict::SharedWithOthers, 2, 2)
    );
    assert_eq!(load(&world, &id).await, before);
}

#[tokio::test]
async fn a_connection_that_moved_since_the_plan_is_plan_changed_and_nothing_is_done() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let plan = world.app.plan_disconnect(&customer(ACME), id.clone()).await.unwrap();
    connect(&world, ACME, "x").await;
    world.finch.take_calls();
    let error = world.app.disconnect(&customer(ACME), plan).await.unwrap_err();
    assert!(matches!(error, DisconnectError::PlanChanged), "{error:?}");
    assert_eq!(states(&world, &id).await, ["active", "active"]);
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_shared_connection_retires_in_a_customers_scope_and_goes_on_for_others() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let others = connect(&world, BETA, "x").await;
    world.finch.take_calls();
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::Retired { tokens: 1 });
    assert!(world.finch.take_calls().is_empty(), "Finch is not called");
    let connection = load(&world, &id).await;
    assert_eq!(connection.tokens[0].state, TokenState::Retired);
    assert!(
        world.store.sealed(connection.tokens[0].id).await.unwrap().is_some(),
        "it may be needed"
    );
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnected));
    world.app.access_token(&customer(BETA), &others, &[]).await.unwrap();
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::AlreadyDisconnected);
    let events = world.store.events(&all_events()).await.unwrap();
    assert!(events.iter().any(|e| e.event.kind == EventKind::Retired));
}

#[tokio::test]
async fn a_customer_ends_nothing_for_everyone() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    let everyone = || DisconnectRequest { for_everyone: Some("why".into()), ..id.clone().into() };
    let plan = world.app.plan_disconnect(&customer(ACME), everyone()).await.unwrap();
    assert_eq!((plan.verdict, plan.reason), (PlanVerdict::Retires, None));
    let outcome = world.app.disconnect(&customer(ACME), everyone()).await.unwrap();
    assert_eq!(outcome, DisconnectOutcome::Retired { tokens: 1 });
    assert_eq!(states(&world, &id).await, ["retired", "active"]);
}

#[tokio::test]
async fn the_operator_forces_the_whole_connection_with_a_reason() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    let shared = world.app.disconnect(&operator(), id.clone()).await.unwrap();
    assert_eq!(shared, DisconnectOutcome::SharedWithOthers);
    let why = "the employer asked";
    let plan = world
        .app
        .plan_disconnect(
            &operator(),
            DisconnectRequest { for_everyone: Some(why.into()), ..id.clone().into() },
        )
        .await
        .unwrap();
    let outcome = world.app.disconnect(&operator(), plan).await.unwrap();
    assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 2 });
    let connection = load(&world, &id).await;
    assert_eq!(connection.disconnects[0].intent.reason.as_deref(), Some(why));
}

#[tokio::test]
async fn when_nothing_lives_the_reconciler_disconnects_for_what_is_left_over() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let others = connect(&world, BETA, "x").await;
    disconnect(&world, ACME, &id).await;
    // The other customer's token dies by itself; what was retired may live on, and be billed.
    let beta = world.app.access_token(&customer(BETA), &others, &[]).await.unwrap();
    world.finch.fail_next(answer(401, "invalid_token"));
    let reported = world.app.report_unauthorized(&customer(BETA), &beta.secret).await.unwrap();
    assert_eq!(reported, Unauthorized::Revoked);
    assert_eq!(states(&world, &id).await, ["retired", "revoked"]);
    assert!(!world.finch.alive().is_empty());
    reconcile(&world).await;
    assert!(world.finch.alive().is_empty(), "Finch bills no more");
    let connection = load(&world, &id).await;
    assert!(all_revoked(&connection));
    assert_eq!(connection.disconnects.last().unwrap().intent.by, Actor::Reconciler);
    let seen = world.app.connection(&customer(ACME), &id).await.unwrap().unwrap();
    assert_eq!(seen.tokens[0].state, TokenState::Retired, "what others do is not shown");
}

#[tokio::test]
async fn a_provisional_connection_is_asked_for_its_company_first() {
    let world = world().await;
    world.finch.hide_company(true);
    let id = connect(&world, ACME, "x").await;
    world.finch.hide_company(false);
    world.finch.take_calls();
    let plan = world.app.plan_disconnect(&customer(ACME), id).await.unwrap();
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(plan.company_id.unwrap().as_str(), "c");
}

#[tokio::test]
async fn a_token_or_id_of_an_ended_generation_is_already_disconnected() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let old = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    disconnect(&world, ACME, &id).await;
    let again = connect(&world, ACME, "x").await;
    world.finch.take_calls();
    for outcome in [
        world.app.disconnect(&customer(ACME), id.clone()).await.unwrap(),
        world.app.disconnect(&customer(ACME), old).await.unwrap(),
    ] {
        assert_eq!(outcome, DisconnectOutcome::AlreadyDisconnected);
    }
    assert!(world.finch.take_calls().is_empty(), "nothing is sent");
    world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
}

#[tokio::test]
async fn a_second_request_joins_the_open_disconnect() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    world.fail(200, || answer(503, "later"));
    disconnect(&world, ACME, &id).await;
    world.finch.recover();
    assert_eq!(disconnect(&world, ACME, &id).await, DisconnectOutcome::Disconnected { tokens: 1 });
    assert_eq!(load(&world, &id).await.disconnects.len(), 1);
}

#[tokio::test]
async fn finish_writes_evidence_wipes_and_records() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &id).await;
    let connection = load(&world, &id).await;
    let token = &connection.tokens[0];
    assert!(matches!(&token.state, TokenState::Revoked { evidence: Evidence::Refused { .. }, .. }));
    assert!(world.store.sealed(token.id).await.unwrap().is_none());
    let events = world.store.events(&all_events()).await.unwrap();
    let last: Vec<_> = events.iter().rev().take(3).map(|e| &e.event.kind).collect();
    assert_eq!(*last[0], EventKind::Disconnected);
    assert!(matches!(last[1], EventKind::TokenRefused { .. }));
    assert!(matches!(last[2], EventKind::Acknowledged { .. }));
}

#[tokio::test]
async fn an_end_seen_from_outside_ends_the_generation() {
    let world = world().await;
    let id = connect(&world, ACME, "x").await;
    let token = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    world.finch.end_from_dashboard(&id);
    world.app.report_unauthorized(&customer(ACME), &token).await.unwrap();
    let connection = load(&world, &id).await;
    assert_eq!(connection.disconnects[0].intent.by, Actor::Finch);
    assert_eq!(connection.generation(), 1);
    assert!(matches!(why_none(&world, ACME, &id).await, TokenError::Disconnected));
    let reconciled = world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert_eq!(reconciled, finch_app::Reconciled::default(), "nothing is left to do");
}
