//! A webhook is a reason to ask, and nothing else: Finch's own answer is what counts.

use std::time::Duration;

use finch_app::{Questions, TokenError, WebhookEvent};
use finch_core::TokenState;
use finch_testkit::{Reach, webhook};
use finch_tests::{World, cases_of, steps};
use proptest::prelude::*;

use crate::semantics::*;

#[tokio::test]
async fn an_end_that_finch_confirms_is_written_down() {
    for reach in [Reach::Pair, Reach::Connection] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, ACME, "x").await;
        connect(&world, BETA, "x").await;
        world.finch.end_from_dashboard(&id);
        world.announce(&id, "disconnected").await;
        let Questions { answered, changed, left, .. } = reconcile(&world).await.questions;
        assert_eq!((answered, changed, left), (1, 3, 0));
        assert_eq!(world.finch.take_calls(), ["introspect"; 3], "each token has its own proof");
        let ended = load(&world, &id).await;
        assert!(all_revoked(&ended));
        assert_eq!((ended.generation(), ended.open_disconnect()), (1, None), "a generation ended");
        for who in [ACME, BETA] {
            assert!(matches!(why_none(&world, who, &id).await, TokenError::Disconnected));
        }
        let again = connect(&world, ACME, "x").await;
        assert_ne!(again, id);
        assert_eq!(world.hint(&id, "disconnected").await.changed, 0, "the new one lives");
        token(&world, ACME, &again).await;
    }
}

#[tokio::test]
async fn what_finch_denies_changes_nothing() {
    let (world, id) = connected().await;
    connect(&world, ACME, "x").await;
    assert_eq!(world.hint(&id, "connected").await.answered, 1);
    let (view, before) = (world.view(ACME).await, states(&world, &id).await);
    world.finch.take_calls();
    for status in ["disconnected", "reauth", "error_permissions", "error_new", "pending"] {
        let asked = world.hint(&id, status).await;
        assert_eq!((asked.answered, asked.changed, asked.left), (1, 0, 0), "{status}");
        assert_eq!(world.finch.take_calls(), ["introspect"; 2], "each token in use");
    }
    assert_eq!(states(&world, &id).await, before);
    assert_eq!(world.view(ACME).await, view, "not a word is added");
}

#[tokio::test]
async fn what_did_not_end_goes_on() {
    let world = World::in_memory(Reach::Connection).await;
    let ended = connect(&world, ACME, "x").await;
    let other = connect(&world, BETA, "y").await;
    assert_ne!(ended, other, "two names of one connection");
    world.finch.end_from_dashboard(&ended);
    assert_eq!(world.hint(&ended, "disconnected").await.changed, 1);
    assert_eq!(states(&world, &ended).await, ["revoked", "active"]);
    token(&world, BETA, &other).await;
    assert_eq!(load(&world, &other).await.generation(), 0, "another customer still uses it");
}

/// Finch leaves `connection_id` optional: then every connection of the employer is asked about.
#[tokio::test]
async fn a_webhook_that_names_the_employer_alone_asks_about_all_its_connections() {
    let world = world().await;
    let id = connect_to(&world, ACME, "c").await;
    connect_to(&world, ACME, "d").await;
    let company_id = load(&world, &id).await.company;
    let named = WebhookEvent { connection_id: None, company_id, ..webhook("m", "x", "reauth") };
    assert!(world.app.take_webhook(&named).await.unwrap());
    // Any other event is the host's.
    for other in [
        WebhookEvent { event_type: "directory.created".into(), status: None, ..named.clone() },
        WebhookEvent { company_id: None, ..named },
    ] {
        assert!(!world.app.take_webhook(&other).await.unwrap(), "{other:?}");
    }
    assert_eq!(reconcile(&world).await.questions.answered, 1);
    assert_eq!(world.finch.take_calls(), ["introspect"], "the other employer is left alone");
}

#[tokio::test]
async fn of_what_has_ended_and_of_what_is_unknown_there_is_nothing_to_ask() {
    let (world, id) = connected().await;
    disconnect(&world, ACME, &id).await;
    let before = load(&world, &id).await;
    world.finch.take_calls();
    for id in [&id, &"not-ours".parse().unwrap()] {
        assert_eq!(world.hint(id, "disconnected").await, Questions::default());
    }
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(load(&world, &id).await, before);
}

#[tokio::test]
async fn many_webhooks_of_one_connection_are_one_question() {
    let (world, id) = connected().await;
    for _ in 0..50 {
        world.announce(&id, "reauth").await;
    }
    assert_eq!(reconcile(&world).await.questions.answered, 1);
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(reconcile(&world).await.questions, Questions::default());
}

/// Whatever happened before: once there was a webhook about each connection, nothing is in use that Finch
/// does not accept; and webhooks end nothing that lives.
async fn lead_to_what_finch_says(world: &World) -> Result<(), TestCaseError> {
    world.finch.recover();
    // What is unfinished ends first: here only webhooks may end anything.
    for _ in 0..4 {
        world.system.pass(Duration::from_secs(3600));
        everything(world).await;
    }
    let mut in_use = world.records().await;
    in_use.retain(|(secret, token)| {
        token.as_ref().is_some_and(|t| t.state == TokenState::Active) && world.finch.accepts(secret)
    });
    let tokens = world.tokens().await;
    for (_, token) in tokens.iter().chain(&tokens) {
        world.hint(&token.facts.connection_id, "disconnected").await;
    }
    let alive = in_use.iter().all(|(secret, _)| world.finch.accepts(secret));
    prop_assert!(alive, "what was in use lives");
    for (secret, record) in world.records().await {
        let Some(token) = record else { continue };
        let accepted = world.finch.accepts(&secret);
        let in_use = token.state == TokenState::Active;
        prop_assert!(accepted || !in_use, "{:?} is in use, and dead", token);
        prop_assert!(!accepted || !token.state.is_revoked(), "{:?} lives", token);
    }
    Ok(())
}

proptest! {
    #![proptest_config(cases_of(4))]
    #[test]
    fn questions_lead_to_what_finch_says(history in steps(20), pair: bool) {
        let reach = if pair { Reach::Pair } else { Reach::Connection };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::in_memory(reach).await;
            for step in &history {
                world.step(*step).await;
            }
            lead_to_what_finch_says(&world).await
        })?;
    }
}
