//! What is left half way is taken up again.

use std::{sync::Arc, time::Duration};

use finch_app::{Pass, ReconcilerOptions, WebhookFinding};
use finch_core::{ConnectionState, CustomerId, FinchApiError, InstanceId, LEASE};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{Reach, application};
use finch_tests::{World, customer, open_finch, operator};

use super::{account, delivered, process, state};
use crate::semantics::{ACME, BETA, all_revoked, answer, connect, connect_to, load, lost};

#[tokio::test]
async fn a_webhook_that_a_crash_has_left_is_the_reconcilers() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("finch.db");
    let open = || {
        let options = SqliteOptions::new(&path, application()).create(true);
        Arc::new(SqliteTokenStore::open(options).unwrap())
    };
    let world = World::new(Reach::Pair, open()).await;
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, "msg_1", &account(&id, "disconnected")).await);
    // The process has answered 200, and dies.
    let World { finch, system, store, app, .. } = world;
    drop((store, app));
    let next = open_finch(finch, open(), system).await;
    let report = next.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!((report.webhooks.done.len(), report.webhooks.left), (1, 0));
    assert_eq!(report.webhooks.done[0].finding, WebhookFinding::Revoked);
    let view = next.connection(&customer(ACME), &id).await.unwrap().unwrap();
    assert_eq!(view.state, ConnectionState::Disconnected);
    let again = next.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!(again, finch_app::Reconciled::default());
}

#[tokio::test]
async fn a_crash_before_it_is_done_processes_it_again_and_changes_nothing_more() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let token = world.app.access_token(&customer(ACME), &id, &[]).await.unwrap().secret;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, "msg_1", &account(&id, "disconnected")).await);
    // Finch's answer is written down, and nothing after it.
    world.app.report_unauthorized(&customer(ACME), &token).await.unwrap();
    let ended = load(&world, &id).await;
    assert!(all_revoked(&ended));
    assert_eq!(process(&world).await[0].finding, WebhookFinding::NothingInUse);
    assert_eq!(load(&world, &id).await, ended);
}

#[tokio::test]
async fn a_reconciler_in_the_background_processes_webhooks() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, "msg_1", &account(&id, "disconnected")).await);
    let (told, mut passes) = tokio::sync::mpsc::unbounded_channel();
    let mut options = ReconcilerOptions::default();
    options.on_pass = Some(Arc::new(move |report| {
        let _ = told.send(report.map(|report| report.webhooks.done.len()).unwrap_or(0));
    }));
    let reconciler = world.app.spawn_reconciler(operator(), options);
    assert_eq!(passes.recv().await, Some(1));
    reconciler.stop().await;
    assert_eq!(state(&world, ACME, &id).await, ConnectionState::Disconnected);
}

#[tokio::test]
async fn while_finch_is_away_webhooks_wait_and_finch_is_left_alone() {
    let world = World::in_memory(Reach::Pair).await;
    let ids = [connect_to(&world, ACME, "c").await, connect_to(&world, BETA, "d").await];
    for (number, id) in ids.iter().enumerate() {
        world.finch.end_from_dashboard(id);
        let body = account(id, "disconnected");
        assert!(delivered(&world, &format!("msg_{number}"), &body).await);
    }
    world.finch.take_calls();
    let unreachable = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    for failure in [unreachable, answer(402, "unpaid"), answer(429, "slow")] {
        world.finch.fail_next(failure);
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (0, 2));
        assert_eq!(world.finch.take_calls(), ["introspect"], "what is so for one is so for all");
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (0, 2));
        assert!(world.finch.take_calls().is_empty(), "it is left alone for a while");
        world.system.pass(Duration::from_secs(3600));
    }
    world.finch.fail_next(answer(402, "unpaid"));
    let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
    assert_eq!(pass.left, 2);
    // A person does not wait.
    let pass = world.app.process_webhooks(&operator(), Pass::Everything).await.unwrap();
    assert_eq!((pass.done.len(), pass.left), (2, 0));
    for id in &ids {
        assert!(all_revoked(&load(&world, id).await));
    }
}

#[tokio::test]
async fn one_connection_that_finch_cannot_answer_for_keeps_no_other_one_waiting() {
    let world = World::in_memory(Reach::Pair).await;
    let (stuck, other) = (connect_to(&world, ACME, "c").await, connect_to(&world, BETA, "d").await);
    world.finch.end_from_dashboard(&stuck);
    assert!(delivered(&world, "msg_0", &account(&stuck, "disconnected")).await);
    for (number, failure) in [answer(500, "upstream"), lost()].into_iter().enumerate() {
        world.system.pass(Duration::from_secs(3600));
        world.finch.fail_next(failure);
        assert!(
            delivered(&world, &format!("msg_{}", number + 1), &account(&other, "reauth")).await
        );
        world.finch.take_calls();
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (1, 1));
        assert_eq!(world.finch.take_calls(), ["introspect"; 2]);
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (0, 1));
        assert!(world.finch.take_calls().is_empty(), "it waits");
    }
    world.system.pass(Duration::from_secs(3600));
    assert_eq!(process(&world).await[0].finding, WebhookFinding::Revoked);
}

/// Two of a connection's customers: Finch's answer about the second one is lost.
#[tokio::test]
async fn what_was_found_before_a_failure_is_told() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, "msg_1", &account(&id, "disconnected")).await);
    world.finch.fail_next(answer(401, "invalid_token"));
    world.finch.fail_next(lost());
    let mut whose = Vec::new();
    for (done, left) in [(0, 1), (1, 0)] {
        let pass = world.app.process_webhooks(&operator(), Pass::Due).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (done, left));
        for changed in pass.changed {
            for (customer, theirs) in changed.customers {
                assert_eq!((theirs.tokens, theirs.state), (1, ConnectionState::Disconnected));
                whose.push(customer);
            }
        }
        world.system.pass(Duration::from_secs(3600));
    }
    let whose: Vec<_> = whose.iter().map(CustomerId::as_str).collect();
    assert_eq!(whose, ["customer-1", "customer-0"], "each once");
}

/// A Finch that is silent takes a minute for each call: a person's pass too asks no more then.
#[tokio::test]
async fn a_pass_ends_where_finch_does_not_answer() {
    let world = World::in_memory(Reach::Pair).await;
    for number in 0..5 {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        for event in ["a", "b"] {
            let body = account(&id, "reauth");
            assert!(delivered(&world, &format!("msg_{number}_{event}"), &body).await);
        }
    }
    let down = || answer(503, "down");
    let unpaid = || answer(402, "unpaid");
    let failures: [(&dyn Fn() -> FinchApiError, usize); 3] = [(&lost, 2), (&down, 2), (&unpaid, 1)];
    for (failure, calls) in failures {
        for _ in 0..calls {
            world.finch.fail_next(failure());
        }
        world.finch.take_calls();
        let pass = world.app.process_webhooks(&operator(), Pass::Everything).await.unwrap();
        assert_eq!((pass.done.len(), pass.left), (0, 10));
        assert_eq!(world.finch.take_calls().len(), calls);
    }
    let pass = world.app.process_webhooks(&operator(), Pass::Everything).await.unwrap();
    assert_eq!((pass.done.len(), pass.left), (10, 0));
}

/// Disconnects do not wait for a flood of webhooks.
#[tokio::test]
async fn a_pass_of_the_background_asks_about_some_connections_and_no_more() {
    let world = World::in_memory(Reach::Pair).await;
    for number in 0..30 {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        assert!(delivered(&world, &format!("msg_{number}"), &account(&id, "reauth")).await);
    }
    world.finch.take_calls();
    let pass = async |pass| world.app.reconcile(&operator(), pass).await.unwrap().webhooks;
    let first = pass(Pass::Due).await;
    assert_eq!((first.done.len(), first.left), (20, 10));
    assert_eq!(world.finch.take_calls().len(), 20);
    let rest = pass(Pass::Due).await;
    assert_eq!((rest.done.len(), rest.left), (10, 0));
}

#[tokio::test]
async fn an_answer_that_never_proves_anything_ends_the_hint() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    for failure in [answer(401, "something_new"), answer(403, "forbidden"), answer(401, "")] {
        world.finch.fail_next(failure);
        let done = world.hint(&id, "disconnected").await.done;
        assert!(matches!(done[0].finding, WebhookFinding::NothingProven { failure: Some(_) }));
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::Connected);
    }
}

#[tokio::test]
async fn what_another_instance_works_on_is_left_to_it() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    let key = load(&world, &id).await.key;
    let other = InstanceId::new([9; 16]);
    world.store.lease(key, &other, world.system.now_quietly()).await.unwrap();
    world.finch.take_calls();
    let pass = world.hint(&id, "disconnected").await;
    assert_eq!((pass.done.len(), pass.left), (0, 1));
    assert!(world.finch.take_calls().is_empty());
    world.system.pass(LEASE);
    assert_eq!(process(&world).await[0].finding, WebhookFinding::StillAccepted);
}
