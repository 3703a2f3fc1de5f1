//! A webhook is a reason to ask, and nothing else: Finch's own answer is what counts.

use std::time::Duration;

use finch_app::{Pass, Questions, TokenError};
use finch_testkit::Reach;
use finch_tests::{World, cases_of, customer, operator, steps};
use proptest::prelude::*;

use super::{account, delivered, pass, state};
use crate::semantics::{
    ACME, BETA, all_revoked, connect, connect_to, disconnect, load, states, why_none,
};

#[tokio::test]
async fn an_end_that_finch_confirms_is_written_down() {
    for reach in [Reach::Pair, Reach::Connection] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, ACME, "x").await;
        connect(&world, BETA, "x").await;
        world.finch.end_from_dashboard(&id);
        world.finch.take_calls();
        assert!(delivered(&world, &account(&id, "disconnected")).await);
        let Questions { answered, changed, left, .. } = pass(&world).await;
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
        world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
        assert_eq!(world.hint(&id, "disconnected").await.changed, 0, "the new one lives");
        world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn what_finch_denies_changes_nothing() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
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
    world.app.access_token(&customer(BETA), &other, &[]).await.unwrap();
    assert_eq!(load(&world, &other).await.generation(), 0, "another customer still uses it");
}

/// Finch leaves `connection_id` optional: then every connection of the employer is asked about.
#[tokio::test]
async fn a_webhook_that_names_the_employer_alone_asks_about_all_its_connections() {
    let world = World::in_memory(Reach::Pair).await;
    let ids = [connect_to(&world, ACME, "c").await, connect_to(&world, ACME, "d").await];
    world.finch.take_calls();
    let company = load(&world, &ids[0]).await.company.unwrap();
    let body = format!(
        r#"{{"event_type":"account.updated","company_id":"{company}","data":{{"status":"reauth"}}}}"#
    );
    assert!(delivered(&world, &body).await);
    assert_eq!(pass(&world).await.answered, 1);
    assert_eq!(world.finch.take_calls(), ["introspect"], "the other employer is left alone");
}

#[tokio::test]
async fn of_what_has_ended_and_of_what_is_unknown_there_is_nothing_to_ask() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &id).await;
    let before = load(&world, &id).await;
    world.finch.take_calls();
    let unknown = "not-ours".parse().unwrap();
    for id in [&id, &unknown] {
        assert_eq!(world.hint(id, "disconnected").await, Questions::default());
    }
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(load(&world, &id).await, before);
}

#[tokio::test]
async fn any_other_event_is_the_hosts_and_changes_nothing() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let before = load(&world, &id).await;
    for body in [
        format!(r#"{{"event_type":"moon.full","connection_id":"{id}","data":{{"phase":1.50}}}}"#),
        format!(r#"{{"event_type":"directory.created","connection_id":"{id}"}}"#),
        r#"{"event_type":"account.updated","data":{"status":"reauth"}}"#.to_owned(),
        "[]".to_owned(),
    ] {
        assert!(!delivered(&world, &body).await, "{body}");
    }
    assert_eq!(load(&world, &id).await, before);
}

#[tokio::test]
async fn many_webhooks_of_one_connection_are_one_question() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    for _ in 0..50 {
        assert!(delivered(&world, &account(&id, "reauth")).await);
    }
    world.finch.take_calls();
    assert_eq!(pass(&world).await.answered, 1);
    assert_eq!(world.finch.take_calls(), ["introspect"]);
    assert_eq!(pass(&world).await, Questions::default());
    assert_eq!(state(&world, ACME, &id).await, finch_core::ConnectionState::Connected);
}

proptest! {
    #![proptest_config(cases_of(4))]
    /// Whatever happened before: once there was a webhook about each connection, nothing is in use that Finch
    /// does not accept; and webhooks end nothing that lives.
    #[test]
    fn questions_lead_to_what_finch_says(history in steps(20), pair: bool) {
        let reach = if pair { Reach::Pair } else { Reach::Connection };
        let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
        runtime.block_on(async {
            let world = World::in_memory(reach).await;
            for step in &history {
                world.step(*step).await;
            }
            world.finch.recover();
            let ids: Vec<_> =
                world.tokens().await.into_iter().map(|(_, token)| token.facts.connection_id).collect();
            // What is unfinished ends first: here only webhooks may end anything.
            for _ in 0..4 {
                world.system.pass(Duration::from_secs(3600));
                world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
            }
            let active = |t: &finch_core::Token| t.state == finch_core::TokenState::Active;
            let records = world.records().await.into_iter();
            let in_use = records.filter(|(_, token)| token.as_ref().is_some_and(active));
            let before: Vec<_> =
                in_use.map(|(secret, _)| secret).filter(|secret| world.finch.accepts(secret)).collect();
            for id in ids.iter().chain(&ids) {
                world.hint(id, "disconnected").await;
            }
            let alive = before.iter().all(|secret| world.finch.accepts(secret));
            prop_assert!(alive, "what was in use lives");
            for (secret, record) in world.records().await {
                let Some(token) = record else { continue };
                let accepted = world.finch.accepts(&secret);
                let in_use = token.state == finch_core::TokenState::Active;
                prop_assert!(accepted || !in_use, "{:?} is in use, and dead", token);
                prop_assert!(!accepted || !token.state.is_revoked(), "{:?} lives", token);
            }
            Ok::<_, TestCaseError>(())
        })?;
    }
}
