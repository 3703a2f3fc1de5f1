//! What Finch cannot answer now is asked later, by passes that share the work and lose nothing in a crash.

use std::time::Duration;

use finch_app::{Pass, Questions, Reconciled};
use finch_core::{
    ConnectionId, ConnectionState, Draft, FinchApiError, LEASE,
    decide::{self, Matter},
};
use finch_testkit::{Held, Reach, application};
use finch_tests::{World, folder, open_finch, operator, sqlite};

use super::state;
use crate::semantics::{people::listed, *};

const HOUR: Duration = Duration::from_secs(3600);

/// Connections of so many employers, and a webhook about each.
async fn announced(count: usize) -> (World, Vec<ConnectionId>) {
    let (world, mut ids) = (world().await, Vec::new());
    for number in 0..count {
        ids.push(connect_to(&world, ACME, &format!("c{number}")).await);
        world.announce(&ids[number], "reauth").await;
    }
    (world, ids)
}

/// How many questions a pass of the background answers, and leaves.
async fn pass(world: &World) -> (usize, usize) {
    let questions = reconcile(world).await.questions;
    (questions.answered, questions.left)
}

#[tokio::test]
async fn a_question_that_a_crash_has_left_is_asked() {
    let folder = folder();
    let path = folder.path().join("finch.db");
    let world = World::new(Reach::Pair, sqlite(&path, application())).await;
    let id = connect(&world, ACME, "x").await;
    world.finch.end_from_dashboard(&id);
    world.announce(&id, "disconnected").await;
    // The process has answered 200, and dies.
    let World { finch, system, store, app, .. } = world;
    drop((store, app));
    let store = sqlite(&path, application());
    let app = open_finch(finch.clone(), store.clone(), system.clone()).await;
    let world = World::of(finch, store, app, system);
    assert_eq!(pass(&world).await, (1, 0));
    assert_eq!(state(&world, ACME, &id).await, ConnectionState::Disconnected);
    assert_eq!(reconcile(&world).await, Reconciled::default());
}

/// A pass that waits between Finch's look at a connection and the answer; meanwhile this happens.
async fn while_finch_is_asked(world: &World, happens: impl AsyncFnOnce()) -> Reconciled {
    let hold = world.finch.hold_next(Held::Introspection);
    let other = async {
        hold.reached().await;
        happens().await;
        hold.release();
    };
    tokio::join!(reconcile(world), other).0
}

/// The answer may be older than what the second webhook speaks of.
#[tokio::test]
async fn a_newer_webhook_is_not_answered_by_what_was_asked_before() {
    let (world, ids) = announced(1).await;
    while_finch_is_asked(&world, async || world.announce(&ids[0], "disconnected").await).await;
    world.finch.end_from_dashboard(&ids[0]);
    assert_eq!(reconcile(&world).await.questions.changed, 1, "the second one is asked");
    assert!(all_revoked(&load(&world, &ids[0]).await));
}

/// Another instance has asked while this one waited for its turn.
#[tokio::test]
async fn a_question_that_another_instance_has_answered_is_not_asked_again() {
    let (world, id) = connected().await;
    connect(&world, ACME, "x").await;
    world.announce(&id, "connected").await;
    let report = while_finch_is_asked(&world, async || {
        let question = load(&world, &id).await.question.unwrap();
        let mut draft = Draft::of(load(&world, &id).await);
        decide::answered(&mut draft, question.number, &[], world.system.now_quietly());
        world.store.commit(draft.finish().unwrap()).await.unwrap();
        world.finch.take_calls();
    });
    assert_eq!(report.await.questions, Questions::default());
    assert!(world.finch.take_calls().is_empty(), "the other token is not asked about");
}

/// Where Finch answers nothing, for anyone, neither the background nor a person's pass asks more than it must to know.
#[tokio::test]
async fn while_finch_is_away_questions_wait_and_finch_is_left_alone() {
    type Failure = fn() -> FinchApiError;
    let failures: [(Failure, usize); 5] = [
        (away, 1),
        (|| answer(402, "unpaid"), 1),
        (|| answer(429, "slow"), 1),
        (lost, 2),
        (|| answer(503, "down"), 2),
    ];
    for (failure, calls) in failures {
        for pass in [Pass::Due, Pass::Everything] {
            let (world, _) = announced(5).await;
            world.fail(calls, failure);
            let asked = world.app.reconcile(&operator(), pass).await.expect("a pass").questions;
            assert_eq!((asked.answered, asked.left), (0, calls), "{pass:?} {:?}", failure());
            assert_eq!(world.finch.take_calls().len(), calls, "{pass:?} {:?}", failure());
            world.finch.recover();
            assert_eq!(everything(&world).await.questions.answered, 5);
        }
    }
}

#[tokio::test]
async fn one_connection_that_finch_cannot_answer_for_keeps_no_other_one_waiting() {
    let (world, ids) = announced(1).await;
    let other = connect_to(&world, BETA, "d").await;
    world.finch.end_from_dashboard(&ids[0]);
    for failure in [answer(500, "upstream"), lost()] {
        world.system.pass(HOUR);
        world.finch.fail_next(failure);
        world.announce(&other, "reauth").await;
        assert_eq!(pass(&world).await, (1, 1));
        assert_eq!(world.finch.take_calls(), ["introspect"; 2]);
        let question = load(&world, &ids[0]).await.question.unwrap();
        assert!(question.failures > 0 && question.next_try.is_some(), "it waits: {question:?}");
    }
    world.system.pass(HOUR);
    assert_eq!(reconcile(&world).await.questions.changed, 1);
}

/// Two of a connection's customers: Finch's answer about the second one is lost.
#[tokio::test]
async fn what_was_found_before_a_failure_is_reported() {
    let (world, id) = shared().await;
    world.finch.end_from_dashboard(&id);
    world.announce(&id, "disconnected").await;
    world.finch.fail_next(answer(401, "invalid_token"));
    world.finch.fail_next(lost());
    for (answered, left) in [(0, 1), (1, 0)] {
        let questions = reconcile(&world).await.questions;
        assert_eq!((questions.answered, questions.left), (answered, left));
        assert_eq!(questions.changed, 1, "each once");
        world.system.pass(HOUR);
    }
}

/// Disconnects do not wait for a flood of webhooks; and what another instance works on takes no part of a pass.
#[tokio::test]
async fn a_pass_of_the_background_asks_about_some_connections_and_no_more() {
    let (world, ids) = announced(45).await;
    for id in &ids[..25] {
        lease_elsewhere(&world, id).await;
    }
    assert_eq!(pass(&world).await, (20, 25));
    assert_eq!(world.finch.take_calls().len(), 20);
    world.system.pass(LEASE);
    for (answered, left) in [(20, 0), (5, 0), (0, 0)] {
        assert_eq!(pass(&world).await, (answered, left));
    }
}

#[tokio::test]
async fn an_answer_that_never_proves_anything_ends_the_question_with_attention() {
    for failure in [answer(401, "something_new"), answer(403, "forbidden"), answer(401, "")] {
        let (world, id) = connected().await;
        world.finch.fail_next(failure);
        assert_eq!(world.hint(&id, "disconnected").await.answered, 1);
        assert_eq!(state(&world, ACME, &id).await, ConnectionState::Connected);
        assert_eq!(listed(&world).await[0].matter, Matter::InDoubt);
        world.hint(&id, "connected").await;
        assert!(listed(&world).await.is_empty(), "Finch accepts it: there is nothing to look at");
    }
}
