//! Several reconcilers over one store.

use std::sync::{Arc, Mutex};

use finch_app::ReconcilerOptions;
use finch_core::{LEASE, Leased, Timestamp};
use tokio::task::JoinHandle;

use super::*;

/// When each call to Finch begins from now on. Each takes so long.
fn timed(world: &World, takes: Duration) -> Arc<Mutex<Vec<Timestamp>>> {
    let (calls, system) = (Arc::new(Mutex::new(Vec::new())), world.system.clone());
    let noted = calls.clone();
    world.finch.on_call(move || {
        noted.lock().unwrap().push(system.now_quietly());
        system.pass(takes);
    });
    calls
}

/// Connections of so many employers, each with an open disconnect that Finch has not heard of.
async fn open_disconnects(count: usize) -> World {
    let world = world().await;
    for number in 0..count {
        let id = connect_to(&world, ACME, &format!("c{number}")).await;
        disconnect_in_vain(&world, ACME, &id, || answer(402, "pay")).await;
    }
    world.system.pass(Duration::from_secs(3600));
    world
}

/// A pass of another process.
async fn pass_elsewhere(world: &World, pass: Pass) -> JoinHandle<Reconciled> {
    let host = world.another_process().await;
    tokio::spawn(async move { host.reconcile(&operator(), pass).await.expect("the store answers") })
}

#[tokio::test]
async fn reconcilers_together_keep_the_rate() {
    let world = open_disconnects(60).await;
    let calls = timed(&world, Duration::ZERO);
    let (mut passes, mut disconnected) = (Vec::new(), 0);
    for _ in 0..3 {
        passes.push(pass_elsewhere(&world, Pass::Due).await);
    }
    for pass in passes {
        disconnected += pass.await.unwrap().disconnected;
    }
    assert!(disconnected >= 60, "{disconnected}");
    assert!(world.finch.alive().is_empty());
    let calls = calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 120, "one disconnect and one proof each");
    for (at, first) in calls.iter().enumerate() {
        let within = |call: &&Timestamp| call.duration_since(*first).as_secs() < 10;
        assert!(calls[at..].iter().filter(within).count() <= 31, "more than 3 a second");
    }
}

#[tokio::test]
async fn a_connection_is_worked_on_by_one_host_at_a_time_however_long_its_call_takes() {
    for (pass, renewals) in [(Pass::Due, 0), (Pass::Everything, 20)] {
        let world = open_disconnects(1).await;
        let hold = world.finch.hold_next(Held::Disconnect);
        world.system.renew(renewals);
        let first = pass_elsewhere(&world, pass).await;
        hold.reached().await;
        while world.system.renewals_left() > 0 {
            tokio::task::yield_now().await;
        }
        world.finch.take_calls();
        let second = pass_elsewhere(&world, Pass::Due).await.await.unwrap();
        assert_eq!(second.pending.len(), 1, "{second:?}");
        assert!(world.finch.take_calls().is_empty(), "the second host sends nothing");
        hold.release();
        assert_eq!(first.await.unwrap().disconnected, 1);
    }
}

#[tokio::test]
async fn a_host_that_died_at_work_is_replaced_and_its_call_may_still_take_effect() {
    let world = open_disconnects(1).await;
    let never = world.finch.hold_next(Held::Disconnect);
    let first = pass_elsewhere(&world, Pass::Due).await;
    never.reached().await;
    first.abort();
    drop(first.await);
    for (wait, disconnected) in [(Duration::ZERO, 0), (LEASE, 1)] {
        world.system.pass(wait);
        let second = pass_elsewhere(&world, Pass::Due).await.await.unwrap();
        assert_eq!((second.disconnected, second.pending.len()), (disconnected, 1 - disconnected));
    }
    let (_, token) = world.tokens().await.remove(0);
    assert!(token.progress.ambiguous_at.is_some(), "the dead host may have sent it");
}

#[tokio::test]
async fn a_person_who_disconnects_again_after_a_crash_waits_for_the_dead_ones_lease() {
    let world = open_disconnects(1).await;
    let id = world.tokens().await.remove(0).1.facts.connection_id;
    lease_elsewhere(&world, &id).await;
    let outcome = disconnect(&world, ACME, &id).await;
    assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 });
}

#[tokio::test]
async fn a_reconciler_in_the_background_ends_what_is_open_and_stops() {
    let world = open_disconnects(3).await;
    let (report_pass, mut passes) = tokio::sync::mpsc::unbounded_channel();
    let on_pass: finch_app::OnPass = Arc::new(move |report| {
        let _ = report_pass.send(report.map(|report| report.disconnected).unwrap_or(0));
    });
    let options = ReconcilerOptions { on_pass: Some(on_pass), ..ReconcilerOptions::default() };
    let reconciler = world.app.spawn_reconciler(operator(), options);
    assert_eq!(passes.recv().await, Some(3));
    reconciler.stop().await;
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_reconciler_that_is_stopped_finishes_its_call_and_gives_the_lease_back() {
    let world = open_disconnects(2).await;
    let hold = world.finch.hold_next(Held::Disconnect);
    let host = world.another_process().await;
    let reconciler = host.spawn_reconciler(operator(), ReconcilerOptions::default());
    hold.reached().await;
    let stopping = tokio::spawn(reconciler.stop());
    tokio::task::yield_now().await;
    hold.release();
    stopping.await.unwrap();
    assert_eq!(world.finch.take_calls(), ["disconnect"], "nothing new begins");
    let (due, now) = (ConnectionFilter::Due(None), world.system.now_quietly());
    for key in world.store.connections(&due, None, 10).await.unwrap() {
        let leased = world.store.lease(key, &InstanceId::new([9; 16]), now).await.unwrap();
        assert_eq!(leased, Leased::Taken, "no lease is left");
    }
}

#[tokio::test]
async fn a_persons_pass_tries_every_token_however_long_finch_takes() {
    let world = world().await;
    let mut id = connect(&world, ACME, "x").await;
    for _ in 0..20 {
        id = connect(&world, ACME, "x").await;
    }
    disconnect_in_vain(&world, ACME, &id, || answer(402, "pay")).await;
    timed(&world, Duration::from_secs(2));
    let pass = everything(&world).await;
    assert_eq!((pass.disconnected, pass.pending.len()), (1, 0), "{pass:?}");
    assert!(all_revoked(&load(&world, &id).await));
}
