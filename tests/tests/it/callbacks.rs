//! What comes back from Finch Connect: several times at once, without its state, to a caller that has gone or a store
//! that is full.

use std::{
    pin::pin,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{CompleteConnectError, CompletedConnect, Finch, Quarantine};
use finch_core::{
    AuthorizationCode, Commit, Fingerprint, Found, Seq, State, StoreError, TokenFacts, TokenState,
    TokenStore,
};
use finch_testkit::{Held, Intercept, Intercepted};
use finch_tests::{TestSystem, customer, open_finch, operator};

use crate::semantics::*;

type Completed = Result<CompletedConnect, CompleteConnectError>;

async fn complete_at(finch: &Finch, (state, code): Callback) -> Completed {
    finch.complete_connect(&customer(ACME), state, code).await
}

#[tokio::test]
async fn nothing_is_sent_on_a_state_that_is_unknown_foreign_or_expired() {
    let world = world().await;
    let (state, code) = begin(&world, ACME, "x").await;
    let unknown = complete(&world, ACME, (State::new("unknown"), code.clone())).await;
    assert!(matches!(unknown, Err(CompleteConnectError::UnknownState)));
    let foreign = complete(&world, BETA, (state.clone(), code.clone())).await;
    assert!(matches!(foreign, Err(CompleteConnectError::UnknownState)));
    world.system.pass(Duration::from_secs(24 * 3600));
    let expired = complete(&world, ACME, (state, code)).await;
    assert!(matches!(expired, Err(CompleteConnectError::Expired)), "{expired:?}");
    assert!(world.finch.take_calls().is_empty());
}

#[tokio::test]
async fn a_thousand_replays_at_once_are_one_exchange() {
    let world = world().await;
    let callback = begin(&world, ACME, "x").await;
    let replay = |_| {
        let (finch, callback) = (world.app.clone(), callback.clone());
        tokio::spawn(async move { complete_at(&finch, callback).await.unwrap() })
    };
    let mut first = None;
    for replay in (0..1000).map(replay).collect::<Vec<_>>() {
        let connected = replay.await.unwrap();
        assert_eq!(*first.get_or_insert(connected.clone()), connected);
    }
    assert_eq!(world.finch.take_calls(), ["exchange"]);
}

/// It waits no longer than its patience, and can be asked again.
#[tokio::test]
async fn a_repetition_waits_for_an_exchange_in_another_process() {
    for (elsewhere, in_time) in [(true, true), (true, false), (false, false)] {
        let world = world().await;
        let again = if elsewhere { world.another_process().await } else { world.app.clone() };
        let callback = begin(&world, ACME, "x").await;
        let hold = world.finch.hold_next(Held::BeforeItsEffect);
        let repeats = async {
            hold.reached().await;
            let answers = async {
                // The second one has asked the store more than once by then.
                for _ in 0..10 {
                    tokio::task::yield_now().await;
                }
                if in_time {
                    hold.release();
                }
            };
            let (second, ()) = tokio::join!(complete_at(&again, callback.clone()), answers);
            hold.release();
            second
        };
        let (first, second) = tokio::join!(complete(&world, ACME, callback.clone()), repeats);
        let first = first.unwrap();
        match second {
            Ok(second) => assert!(in_time && second == first),
            Err(CompleteConnectError::InProgress) => assert!(!in_time),
            Err(error) => panic!("{error}"),
        }
        assert_eq!(complete_at(&again, callback).await.unwrap(), first);
        assert_eq!(world.finch.issued().len(), 1);
    }
}

/// A store that has no room once Finch has answered: to look there, or to write. It takes its time to say so.
#[derive(Debug)]
struct Full {
    finds: bool,
    clock: Arc<TestSystem>,
    commits: AtomicUsize,
}

#[async_trait]
impl Intercept for Full {
    async fn find(
        &self,
        next: &dyn TokenStore,
        token: &Fingerprint,
        facts: &TokenFacts,
    ) -> Result<Found, StoreError> {
        if self.finds { next.find(token, facts).await } else { Err(StoreError::Full) }
    }

    async fn commit(&self, _: &dyn TokenStore, _: Commit) -> Result<Seq, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.clock.pass(Duration::from_secs(2));
        Err(StoreError::Full)
    }
}

/// The token goes back to the first caller, and the store knows of no end: a repetition has nothing to wait for.
#[tokio::test]
async fn a_store_that_refuses_gives_the_token_back() {
    // Each try to write takes two seconds of the five that there are.
    for (finds, commits) in [(true, 3), (false, 0)] {
        let world = world().await;
        let callback = begin(&world, ACME, "x").await;
        let full = Full { finds, clock: world.system.clone(), commits: AtomicUsize::new(0) };
        let store = Arc::new(Intercepted::new(full, world.store.clone()));
        let app = open_finch(world.finch.clone(), store.clone(), world.system.clone()).await;
        let error = complete_at(&app, callback.clone()).await.unwrap_err();
        let (shown, issued) = (format!("{error} {error:?}"), world.finch.issued().remove(0));
        assert!(!shown.contains(issued.expose()), "{shown}");
        assert_eq!(error.into_token().unwrap().expose(), issued.expose());
        assert_eq!(store.intercept.commits.load(Ordering::SeqCst), commits);
        let again = complete_at(&app, callback).await.unwrap_err();
        assert!(matches!(again, CompleteConnectError::InProgress), "{again:?}");
    }
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing() {
    for held in [Held::BeforeItsEffect, Held::BeforeItsAnswer] {
        let world = world().await;
        let callback = begin(&world, ACME, "x").await;
        let hold = world.finch.hold_next(held);
        tokio::select! {
            _ = complete(&world, ACME, callback.clone()) => panic!("Finch has not answered"),
            () = hold.reached() => {} // The caller goes away while Finch works.
        }
        hold.release();
        let connected = loop {
            match complete(&world, ACME, callback.clone()).await {
                Err(CompleteConnectError::InProgress) => tokio::task::yield_now().await,
                completed => break completed.unwrap(),
            }
        };
        token(&world, ACME, &connected.connection_id).await;
        assert_eq!(world.finch.issued().len(), 1);
    }
}

#[tokio::test]
async fn an_orderly_end_waits_for_exchanges_whose_caller_has_gone() {
    let world = world().await;
    world.app.idle().await;
    let (finch, callback) = (world.app.clone(), begin(&world, ACME, "x").await);
    let hold = world.finch.hold_next(Held::BeforeItsAnswer);
    // The caller goes away.
    drop(world.app.spawn(async move { complete_at(&finch, callback).await.is_ok() }));
    hold.reached().await;
    {
        let mut idle = pin!(world.app.idle());
        let waits = tokio::select! { biased; () = &mut idle => false, () = tokio::task::yield_now() => true };
        assert!(waits, "an answer is on its way");
    }
    hold.release();
    world.app.idle().await;
    assert_eq!(world.app.connections(&customer(ACME)).all().await.unwrap().len(), 1);
    assert!(world.app.spawn(async { panic!("as it may") }).await.is_err());
    world.app.idle().await;
}

#[tokio::test]
async fn without_a_state_a_token_is_used_only_if_finch_names_its_customer() {
    for (named, quarantine) in [
        (Some("customer-0"), None),
        (None, Some(Quarantine::UnnamedCustomer)),
        (Some("attacker"), Some(Quarantine::OtherCustomer)),
    ] {
        let world = world().await;
        let (state, code): (State, AuthorizationCode) = begin_as(&world, ACME, named).await;
        // The same again gives the same.
        for _ in 0..2 {
            let (state, code) = (state.clone(), code.clone());
            let done = world.app.complete_connect_without_state(&customer(ACME), state, code).await;
            match (done, quarantine) {
                (Ok(done), None) => assert_eq!(done.token_state, TokenState::Active),
                (Err(CompleteConnectError::Quarantined { reason, .. }), Some(quarantine)) => {
                    assert_eq!(reason, quarantine);
                }
                (done, _) => panic!("{named:?}: {done:?}"),
            }
        }
        let own = world.app.connections(&customer(ACME)).all().await.unwrap();
        assert_eq!(own.is_empty(), quarantine.is_some());
        let all = world.app.connections(&operator()).all().await.unwrap();
        let state = all[0].tokens[0].state.name();
        assert_eq!(state == "quarantined", quarantine.is_some(), "and it is not lost");
    }
}
