//! Several reconcilers over one store.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{DisconnectOutcome, Finch, Pass, ReconcilerOptions};
use finch_core::{
    AccessToken, Application, AuthorizationCode, ConnectSession, FinchApi, FinchApiError, Grant,
    Introspection, LEASE, NewSession, ReauthenticateSession, RedirectUri, RequestId, Timestamp,
};
use finch_testkit::FakeFinch;
use finch_tests::{TestSystem, World, open_finch, operator};
use tokio::sync::Notify;

use super::*;

/// A Finch whose calls are timed, and whose next `/disconnect` may wait.
#[derive(Debug)]
struct Watched {
    finch: Arc<FakeFinch>,
    system: Arc<TestSystem>,
    calls: Mutex<Vec<Timestamp>>,
    /// How long each call takes.
    takes: Mutex<Duration>,
    hold: Mutex<Option<Arc<Notify>>>,
    reached: Notify,
}

impl Watched {
    fn over(world: &World) -> Arc<Self> {
        Arc::new(Self {
            finch: world.finch.clone(),
            system: world.system.clone(),
            calls: Mutex::default(),
            takes: Mutex::default(),
            hold: Mutex::default(),
            reached: Notify::new(),
        })
    }

    fn note(&self) {
        self.calls.lock().unwrap().push(self.system.now_quietly());
        self.system.pass(*self.takes.lock().unwrap());
    }

    /// The next `/disconnect` waits until it is released.
    fn hold(&self) -> Arc<Notify> {
        let go = Arc::new(Notify::new());
        *self.hold.lock().unwrap() = Some(go.clone());
        go
    }

    /// Another host over the same store.
    async fn host(self: &Arc<Self>, world: &World) -> Finch {
        open_finch(self.clone(), world.store.clone(), world.system.clone()).await
    }
}

#[async_trait]
impl FinchApi for Watched {
    fn application(&self) -> &Application {
        self.finch.application()
    }

    async fn exchange(
        &self,
        code: &AuthorizationCode,
        redirect_uri: Option<&RedirectUri>,
    ) -> Result<Grant, FinchApiError> {
        self.finch.exchange(code, redirect_uri).await
    }

    async fn introspect(&self, token: &AccessToken) -> Result<Introspection, FinchApiError> {
        self.note();
        self.finch.introspect(token).await
    }

    async fn disconnect(&self, token: &AccessToken) -> Result<Option<RequestId>, FinchApiError> {
        self.note();
        let hold = self.hold.lock().unwrap().take();
        if let Some(go) = hold {
            self.reached.notify_one();
            go.notified().await;
        }
        self.finch.disconnect(token).await
    }

    async fn new_session(&self, session: &NewSession) -> Result<ConnectSession, FinchApiError> {
        self.finch.new_session(session).await
    }

    async fn reauthenticate_session(
        &self,
        session: &ReauthenticateSession,
    ) -> Result<ConnectSession, FinchApiError> {
        self.finch.reauthenticate_session(session).await
    }
}

/// Connections of so many employers, each with an open disconnect that Finch has not heard of.
async fn open_disconnects(world: &World, count: usize) {
    for number in 0..count {
        let id = connect_to(world, ACME, &format!("c{number}")).await;
        world.fail(20, || answer(402, "pay"));
        disconnect(world, ACME, &id).await;
        world.finch.recover();
    }
    world.system.pass(Duration::from_secs(3600));
}

#[tokio::test]
async fn reconcilers_together_keep_the_rate() {
    let world = world().await;
    open_disconnects(&world, 60).await;
    let watched = Watched::over(&world);
    let mut passes = Vec::new();
    for _ in 0..3 {
        let host = watched.host(&world).await;
        let pass = async move { host.reconcile(&operator(), Pass::Due).await.unwrap() };
        passes.push(tokio::spawn(pass));
    }
    let mut disconnected = 0;
    for pass in passes {
        disconnected += pass.await.unwrap().disconnected.len();
    }
    assert!(disconnected >= 60, "{disconnected}");
    assert!(world.finch.alive().is_empty());
    let calls = watched.calls.lock().unwrap().clone();
    assert_eq!(calls.len(), 120, "one disconnect and one proof each");
    for (at, first) in calls.iter().enumerate() {
        let within = |call: &&Timestamp| call.duration_since(*first).as_secs() < 10;
        assert!(calls[at..].iter().filter(within).count() <= 31, "more than 3 a second");
    }
}

#[tokio::test]
async fn a_connection_is_worked_on_by_one_host_at_a_time() {
    let world = world().await;
    open_disconnects(&world, 1).await;
    let watched = Watched::over(&world);
    let (one, two) = (watched.host(&world).await, watched.host(&world).await);
    let go = watched.hold();
    let first = tokio::spawn(async move { one.reconcile(&operator(), Pass::Due).await.unwrap() });
    watched.reached.notified().await;
    world.finch.take_calls();
    let second = two.reconcile(&operator(), Pass::Due).await.unwrap();
    assert_eq!(second.pending.len(), 1, "{second:?}");
    assert!(world.finch.take_calls().is_empty(), "the second host sends nothing");
    go.notify_one();
    assert_eq!(first.await.unwrap().disconnected.len(), 1);
}

#[tokio::test]
async fn a_host_that_died_at_work_is_replaced_and_its_call_may_still_take_effect() {
    let world = world().await;
    open_disconnects(&world, 1).await;
    let watched = Watched::over(&world);
    let one = watched.host(&world).await;
    let _never = watched.hold();
    let first = tokio::spawn(async move { one.reconcile(&operator(), Pass::Due).await });
    watched.reached.notified().await;
    first.abort();
    drop(first.await);
    let two = watched.host(&world).await;
    assert_eq!(two.reconcile(&operator(), Pass::Due).await.unwrap().pending.len(), 1);
    world.system.pass(LEASE);
    assert_eq!(two.reconcile(&operator(), Pass::Due).await.unwrap().disconnected.len(), 1);
    let (_, token) = world.tokens().await.remove(0);
    assert!(token.progress.ambiguous_at.is_some(), "the dead host may have sent it");
}

#[tokio::test]
async fn a_person_who_disconnects_again_after_a_crash_waits_for_the_dead_ones_lease() {
    let world = world().await;
    open_disconnects(&world, 1).await;
    let (_, token) = world.tokens().await.remove(0);
    let id = token.facts.connection_id;
    let key = load(&world, &id).await.key;
    let dead = finch_core::InstanceId::new([9; 16]);
    world.store.lease(key, &dead, world.system.now_quietly()).await.unwrap();
    let outcome = disconnect(&world, ACME, &id).await;
    assert_eq!(outcome, DisconnectOutcome::Disconnected { tokens: 1 });
}

#[tokio::test]
async fn a_reconciler_in_the_background_ends_what_is_open_and_stops() {
    let world = world().await;
    open_disconnects(&world, 3).await;
    let (report_pass, mut passes) = tokio::sync::mpsc::unbounded_channel();
    let mut options = ReconcilerOptions::default();
    options.on_pass = Some(Arc::new(move |report| {
        let _ = report_pass.send(report.map(|report| report.disconnected.len()).unwrap_or(0));
    }));
    let reconciler = world.app.spawn_reconciler(operator(), options);
    assert_eq!(passes.recv().await, Some(3));
    reconciler.stop().await;
    assert!(world.finch.alive().is_empty());
}

#[tokio::test]
async fn a_reconciler_that_is_stopped_finishes_its_call_and_gives_the_lease_back() {
    let world = world().await;
    open_disconnects(&world, 2).await;
    let watched = Watched::over(&world);
    let go = watched.hold();
    let host = watched.host(&world).await;
    world.finch.take_calls();
    let reconciler = host.spawn_reconciler(operator(), ReconcilerOptions::default());
    watched.reached.notified().await;
    let stopping = tokio::spawn(reconciler.stop());
    tokio::task::yield_now().await;
    go.notify_one();
    stopping.await.unwrap();
    assert_eq!(world.finch.take_calls(), ["disconnect"], "nothing new begins");
    let other = finch_core::InstanceId::new([9; 16]);
    for key in
        world.store.connections(&finch_core::ConnectionFilter::Due(None), None, 10).await.unwrap()
    {
        let leased = world.store.lease(key, &other, world.system.now_quietly()).await.unwrap();
        assert_eq!(leased, finch_core::Leased::Taken, "no lease is left");
    }
}

#[tokio::test]
async fn a_persons_pass_tries_every_token_however_long_finch_takes() {
    let world = world().await;
    let mut id = connect(&world, ACME, "x").await;
    for _ in 0..20 {
        id = connect(&world, ACME, "x").await;
    }
    world.fail(20, || answer(402, "pay"));
    disconnect(&world, ACME, &id).await;
    world.finch.recover();
    let watched = Watched::over(&world);
    *watched.takes.lock().unwrap() = Duration::from_secs(2);
    let pass = watched.host(&world).await.reconcile(&operator(), Pass::Everything).await.unwrap();
    assert_eq!((pass.disconnected.len(), pass.pending.len()), (1, 0), "{pass:?}");
    assert!(all_revoked(&load(&world, &id).await));
}
