//! What Finch cannot answer now is asked later, and what a crash leaves is not lost.

use std::{sync::Arc, time::Duration};

use finch_app::Pass;
use finch_core::{
    ConnectionState, Draft, FinchApiError, InstanceId, LEASE,
    decide::{self, Matter},
};
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{Reach, application};
use finch_tests::{World, customer, open_finch, operator};

use super::{account, delivered, pass, state};
use crate::semantics::{ACME, BETA, all_revoked, answer, connect, connect_to, load, lost};

const HOUR: Duration = Duration::from_secs(3600);

#[tokio::test]
async fn a_question_that_a_crash_has_left_is_asked() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("finch.db");
    let open = || {
        let options = SqliteOptions::create(&path, application());
        Arc::new(SqliteTokenStore::open(options).unwrap())
    };
    let world = World::new(Reach::Pair, open()).await;
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, &account(&id, "disconnected")).await);
    // The process has answered 200, and dies.
    let World { finch, system, store, app, .. } = world;
    drop((store, app));
    let next = open_finch(finch, open(), system).await;
    let report = next.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!((report.questions.answered, report.questions.left), (1, 0));
    let view = next.connection(&customer(ACME), &id).await.unwrap().unwrap();
    assert_eq!(view.state, ConnectionState::Disconnected);
    let again = next.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!(again, finch_app::Reconciled::default());
}

/// A webhook that comes while Finch is being asked: the answer may be older than what it speaks of.
#[tokio::test]
async fn a_newer_webhook_is_not_answered_by_what_was_asked_before() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    assert!(delivered(&world, &account(&id, "connected")).await);
    let hold = world.finch.hold_next_introspection();
    let app = world.app.clone();
    let running = tokio::spawn(async move { app.reconcile(&operator(), Pass::Due).await.unwrap() });
    hold.reached().await;
    assert!(delivered(&world, &account(&id, "disconnected")).await);
    hold.release();
    running.await.unwrap();
    world.finch.end_from_dashboard(&id);
    assert_eq!(pass(&world).await.changed, 1, "the second one is asked");
    assert!(all_revoked(&load(&world, &id).await));
}

#[tokio::test]
async fn while_finch_is_away_questions_wait_and_finch_is_left_alone() {
    let world = World::in_memory(Reach::Pair).await;
    let ids = [connect_to(&world, ACME, "c").await, connect_to(&world, BETA, "d").await];
    for id in &ids {
        world.finch.end_from_dashboard(id);
        assert!(delivered(&world, &account(id, "disconnected")).await);
    }
    world.finch.take_calls();
    let unreachable = FinchApiError::NoAnswer { problem: "refused".into(), sent: false };
    for failure in [unreachable, answer(402, "unpaid"), answer(429, "slow")] {
        world.finch.fail_next(failure);
        let questions = pass(&world).await;
        assert_eq!((questions.answered, questions.left), (0, 1));
        assert_eq!(world.finch.take_calls(), ["introspect"], "it is the same for the other one");
        world.system.pass(HOUR);
    }
    let report = world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert_eq!((report.questions.answered, report.questions.left), (2, 0));
    for id in &ids {
        assert!(all_revoked(&load(&world, id).await));
    }
}

#[tokio::test]
async fn one_connection_that_finch_cannot_answer_for_keeps_no_other_one_waiting() {
    let world = World::in_memory(Reach::Pair).await;
    let (stuck, other) = (connect_to(&world, ACME, "c").await, connect_to(&world, BETA, "d").await);
    world.finch.end_from_dashboard(&stuck);
    assert!(delivered(&world, &account(&stuck, "disconnected")).await);
    for failure in [answer(500, "upstream"), lost()] {
        world.system.pass(HOUR);
        world.finch.fail_next(failure);
        assert!(delivered(&world, &account(&other, "reauth")).await);
        world.finch.take_calls();
        let questions = pass(&world).await;
        assert_eq!((questions.answered, questions.left), (1, 1));
        assert_eq!(world.finch.take_calls(), ["introspect"; 2]);
        let question = load(&world, &stuck).await.question.unwrap();
        assert!(question.failures > 0 && question.next_try.is_some(), "it waits: {question:?}");
    }
    world.system.pass(HOUR);
    assert_eq!(pass(&world).await.changed, 1);
}

/// Two of a connection's customers: Finch's answer about the second one is lost.
#[tokio::test]
async fn what_was_found_before_a_failure_is_reported() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, BETA, "x").await;
    world.finch.end_from_dashboard(&id);
    assert!(delivered(&world, &account(&id, "disconnected")).await);
    world.finch.fail_next(answer(401, "invalid_token"));
    world.finch.fail_next(lost());
    for (answered, left) in [(0, 1), (1, 0)] {
        let questions = pass(&world).await;
        assert_eq!((questions.answered, questions.left), (answered, left));
        assert_eq!(questions.changed, 1, "each once");
        world.system.pass(HOUR);
    }
}

/// A Finch that is silent takes a minute for each call: a person's pass too asks no more then.
#[tokio::test]
async fn a_pass_ends_where_finch_does_not_answer() {
    let world = World::in_memory(Reach::Pair).await;
    for number in 0..5 {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        assert!(delivered(&world, &account(&id, "reauth")).await);
    }
    let down = || answer(503, "down");
    let unpaid = || answer(402, "unpaid");
    let failures: [(&dyn Fn() -> FinchApiError, usize); 3] = [(&lost, 2), (&down, 2), (&unpaid, 1)];
    let everything = async || {
        let report = world.app.reconcile(&operator(), Pass::Everything).await.unwrap();
        (report.questions.answered, report.questions.left)
    };
    for (failure, calls) in failures {
        world.fail(calls, failure);
        world.finch.take_calls();
        assert_eq!(everything().await, (0, calls));
        assert_eq!(world.finch.take_calls().len(), calls);
    }
    assert_eq!(everything().await, (5, 0));
}

/// Disconnects do not wait for a flood of webhooks.
#[tokio::test]
async fn a_pass_of_the_background_asks_about_some_connections_and_no_more() {
    let world = World::in_memory(Reach::Pair).await;
    for number in 0..30 {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        assert!(delivered(&world, &account(&id, "reauth")).await);
    }
    world.finch.take_calls();
    assert_eq!(pass(&world).await.answered, 20);
    assert_eq!(world.finch.take_calls().len(), 20);
    assert_eq!(pass(&world).await.answered, 10);
}

#[tokio::test]
async fn an_answer_that_never_proves_anything_ends_the_question_with_attention() {
    for failure in [answer(401, "something_new"), answer(403, "forbidden"), answer(401, "")] {
        let world = World::in_memory(Reach::Pair).await;
        let id = connect(&world, ACME, "x").await;
        world.finch.fail_next(failure);
        assert_eq!(world.hint(&id, "disconnected").await.answered, 1);
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::Connected);
        let listed = async || {
            let page = world.app.attention(&operator()).page(None, 9).await.unwrap();
            page.items.iter().map(|found| found.matter).collect::<Vec<_>>()
        };
        assert_eq!(listed().await, [Matter::InDoubt]);
        world.hint(&id, "connected").await;
        assert_eq!(listed().await, [], "Finch accepts it: there is nothing to look at");
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
    let questions = world.hint(&id, "disconnected").await;
    assert_eq!((questions.answered, questions.left), (0, 1));
    assert!(world.finch.take_calls().is_empty());
    world.system.pass(LEASE);
    assert_eq!(pass(&world).await.answered, 1);
}

/// More connections than a pass asks about are held by another instance: those behind them are asked about.
#[tokio::test]
async fn what_cannot_be_asked_about_takes_no_part_of_a_pass() {
    let world = World::in_memory(Reach::Pair).await;
    let other = InstanceId::new([9; 16]);
    for number in 0..26 {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        assert!(delivered(&world, &account(&id, "reauth")).await);
        if number < 25 {
            let key = load(&world, &id).await.key;
            world.store.lease(key, &other, world.system.now_quietly()).await.unwrap();
        }
    }
    let questions = pass(&world).await;
    assert_eq!((questions.answered, questions.left), (1, 25));
}

/// Another instance has asked while this one waited for its turn.
#[tokio::test]
async fn a_question_that_another_instance_has_answered_is_not_asked_again() {
    let world = World::in_memory(Reach::Pair).await;
    let id = connect(&world, ACME, "x").await;
    connect(&world, ACME, "x").await;
    assert!(delivered(&world, &account(&id, "connected")).await);
    let hold = world.finch.hold_next_introspection();
    let app = world.app.clone();
    let running = tokio::spawn(async move { app.reconcile(&operator(), Pass::Due).await.unwrap() });
    hold.reached().await;
    let question = load(&world, &id).await.question.unwrap();
    let mut draft = Draft::of(load(&world, &id).await);
    decide::answered(&mut draft, question.number, &[], world.system.now_quietly());
    world.store.commit(draft.finish().unwrap()).await.unwrap();
    world.finch.take_calls();
    hold.release();
    assert_eq!(running.await.unwrap().questions, finch_app::Questions::default());
    assert!(world.finch.take_calls().is_empty(), "the other token is not asked about");
}
