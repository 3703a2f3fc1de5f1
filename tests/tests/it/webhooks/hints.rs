//! A hint is only a hint: Finch's own answer is what counts.

use finch_app::{Pass, TokenError, WebhookFinding};
use finch_core::CustomerId;
use finch_testkit::Reach;
use finch_tests::{World, cases_of, customer, operator, steps};
use proptest::prelude::*;

use super::{account, delivered, finding, process, state};
use crate::semantics::{ACME, BETA, all_revoked, connect, disconnect, load, states, why_none};

#[tokio::test]
async fn an_end_that_finch_confirms_is_written_down() {
    for reach in [Reach::Pair, Reach::Connection] {
        let world = World::in_memory(reach).await;
        let id = connect(&world, ACME, "x").await;
        connect(&world, ACME, "x").await;
        connect(&world, BETA, "x").await;
        world.finch.end_from_dashboard(&id);
        world.finch.take_calls();
        assert!(delivered(&world, "msg_1", &account(&id, "disconnected")).await);
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        let done = pass.done;
        assert_eq!(done.len(), 1, "{done:?}");
        assert_eq!(done[0].finding, WebhookFinding::Revoked);
        assert_eq!(done[0].connection_id.as_ref(), Some(&id));
        let whose: Vec<_> = pass.changed[0].customers.keys().map(CustomerId::as_str).collect();
        assert_eq!(whose, ["customer-0", "customer-1"]);
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
        assert_eq!(finding(&world, &id, "disconnected").await, WebhookFinding::StillAccepted);
        world.app.access_token(&customer(ACME), &again, &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_hint_that_finch_denies_changes_nothing() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, ACME, "x").await;
    assert_eq!(finding(&world, &id, "connected").await, WebhookFinding::StillAccepted);
    let (view, before) = (world.view(ACME).await, states(&world, &id).await);
    world.finch.take_calls();
    for status in ["disconnected", "reauth", "error_permissions", "error_new"] {
        assert_eq!(finding(&world, &id, status).await, WebhookFinding::StillAccepted, "{status}");
        assert_eq!(world.finch.take_calls(), ["introspect"], "one question is enough");
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
    assert_eq!(finding(&world, &ended, "disconnected").await, WebhookFinding::Revoked);
    assert_eq!(states(&world, &ended).await, ["revoked", "active"]);
    world.app.access_token(&customer(BETA), &other, &[]).await.unwrap();
    assert_eq!(load(&world, &other).await.generation(), 0, "somebody still uses it");
}

#[tokio::test]
async fn a_hint_after_our_own_disconnect_asks_nobody() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    disconnect(&world, ACME, &id).await;
    let before = load(&world, &id).await;
    world.finch.take_calls();
    assert_eq!(finding(&world, &id, "disconnected").await, WebhookFinding::NothingInUse);
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(load(&world, &id).await, before);
    let nobodys = "somebody-elses".parse().unwrap();
    assert_eq!(finding(&world, &nobodys, "reauth").await, WebhookFinding::UnknownConnection);
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_webhook_that_is_sent_again_is_processed_once() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let body = account(&id, "disconnected");
    assert!(delivered(&world, "msg_1", &body).await);
    assert!(!delivered(&world, "msg_1", &body).await, "before it is processed");
    assert_eq!(process(&world).await.len(), 1);
    world.finch.take_calls();
    world.system.pass(std::time::Duration::from_secs(2 * 3600));
    assert!(!delivered(&world, "msg_1", &body).await, "and after");
    assert!(!delivered(&world, "msg_1", "{}").await, "whatever it says");
    assert!(process(&world).await.is_empty());
    assert!(world.finch.take_calls().is_empty());
    assert_eq!(state(&world, ACME, &id).await, finch_core::ConnectionState::Connected);
}

#[tokio::test]
async fn many_hints_of_one_connection_are_one_question() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    for number in 0..50 {
        assert!(delivered(&world, &format!("msg_{number}"), &account(&id, "reauth")).await);
    }
    world.finch.take_calls();
    assert_eq!(process(&world).await.len(), 50);
    assert_eq!(world.finch.take_calls(), ["introspect"]);
}

proptest! {
    #![proptest_config(cases_of(4))]
    /// Whatever happened before: once there was a hint about each connection, nothing is in use that Finch
    /// does not accept; and hints end nothing that lives.
    #[test]
    fn hints_lead_to_what_finch_says(history in steps(20), pair: bool) {
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
            let alive = world.alive_by_pair();
            for id in ids.iter().chain(&ids) {
                world.hint(id, "disconnected").await;
            }
            prop_assert_eq!(world.alive_by_pair(), alive, "nothing ends at Finch");
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
