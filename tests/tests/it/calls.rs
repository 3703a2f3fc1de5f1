//! Which calls are made to Finch, and which are not. A mock without an expectation fails on a call.

mod disconnects;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{
    CompleteConnectError, ConnectRequest, DisconnectOutcome, DisconnectRequest, Finch,
};
use finch_core::{
    AccessToken, Answer, Application, AuthorizationCode, ClientId, Commit, FinchApiError, Flow,
    Introspection, Product, Seq, State, StoreError, TokenStore,
};
use finch_testkit::{
    FakeFinch, Held, Intercept, Intercepted, MemoryTokenStore, MockFinchApi, Reach, application,
    at, facts, grant, new_attempt,
};
use finch_tests::{TestSystem, customer, keys, open_attempt, open_finch, operator, store_token};

fn mock() -> MockFinchApi {
    let mut api = MockFinchApi::new();
    api.expect_application().return_const(application());
    api
}

async fn wire(api: MockFinchApi, store: Arc<dyn TokenStore>) -> Finch {
    open_finch(Arc::new(api), store, Arc::new(TestSystem::default())).await
}

/// A store with a key ring.
async fn memory() -> Arc<MemoryTokenStore> {
    let store = Arc::new(MemoryTokenStore::new(application()));
    wire(mock(), store.clone()).await;
    store
}

fn refused() -> FinchApiError {
    let name = Some("invalid_token".to_owned());
    Answer { status: 401, finch_shaped: true, name, ..Answer::default() }.into_error()
}

fn named(id: &str) -> finch_core::ConnectionId {
    id.parse().unwrap()
}

async fn open(store: &dyn TokenStore, state: &str, expires_in: i64) {
    let mut attempt = new_attempt("customer-0");
    attempt.expires_at = at(100 + expires_in);
    open_attempt(store, attempt, state).await;
}

#[tokio::test]
async fn nothing_is_sent_on_a_state_that_is_unknown_foreign_or_expired() {
    let store = memory().await;
    open(&*store, "expired", -1).await;
    open(&*store, "live", 3600).await;
    let finch = wire(mock(), store).await;
    let complete = async |who: u8, state: &str| {
        let code = AuthorizationCode::new("a-code");
        finch.complete_connect(&customer(who), State::new(state), code).await.unwrap_err()
    };
    assert!(matches!(complete(0, "unknown").await, CompleteConnectError::UnknownState));
    assert!(matches!(complete(1, "live").await, CompleteConnectError::UnknownState));
    assert!(matches!(complete(0, "expired").await, CompleteConnectError::Expired));
}

#[tokio::test]
async fn a_thousand_replays_at_once_are_one_exchange() {
    let mut api = mock();
    api.expect_exchange().times(1).returning(|_, _| Ok(grant("t", facts("k", "gusto", "c"))));
    let store = memory().await;
    open(&*store, "s", 3600).await;
    let finch = wire(api, store).await;
    let replay = || {
        let finch = finch.clone();
        tokio::spawn(async move {
            finch.complete_connect(&customer(0), State::new("s"), AuthorizationCode::new("c")).await
        })
    };
    let replays: Vec<_> = (0..1000).map(|_| replay()).collect();
    let mut first = None;
    for replay in replays {
        let connected = replay.await.unwrap().unwrap();
        assert_eq!(*first.get_or_insert(connected.clone()), connected);
    }
}

#[tokio::test]
async fn products_that_the_exchange_leaves_out_are_asked_for_once_the_token_is_stored() {
    let store = memory().await;
    open(&*store, "s", 3600).await;
    let mut said = facts("k", "gusto", "c");
    said.products.clear();
    let mut api = mock();
    api.expect_exchange().times(1).returning(move |_, _| Ok(grant("t", said.clone())));
    api.expect_introspect().times(1).returning(|_| {
        let facts = facts("k", "gusto", "c").into();
        Ok(Introspection { facts, ..Introspection::default() })
    });
    let finch = wire(api, store).await;
    let scope = customer(0);
    let code = AuthorizationCode::new("c");
    let done = finch.complete_connect(&scope, State::new("s"), code).await.unwrap();
    assert_eq!(done.products, facts("k", "gusto", "c").products);
    finch.access_token(&scope, &done.connection_id, &done.products).await.unwrap();
}

#[tokio::test]
async fn a_customer_that_only_the_introspection_names_is_enough_without_a_state() {
    let mut api = mock();
    api.expect_exchange().times(1).returning(|_, _| Ok(grant("t", facts("k", "gusto", "c"))));
    api.expect_introspect().times(1).returning(|_| {
        let mut facts = facts("k", "gusto", "c");
        facts.finch_customer_id = "customer-0".parse().ok();
        Ok(Introspection { facts: facts.into(), ..Introspection::default() })
    });
    let store = memory().await;
    open(&*store, "s", 3600).await;
    let finch = wire(api, store).await;
    let (scope, code) = (customer(0), AuthorizationCode::new("c"));
    let done = finch.complete_connect_without_state(&scope, State::new("s"), code).await.unwrap();
    assert_eq!(done.token_state, finch_core::TokenState::Active);
}

#[tokio::test]
async fn a_token_whose_connection_finch_does_not_name_comes_back_with_the_error() {
    let mut api = mock();
    api.expect_exchange().times(1).returning(|_, _| {
        let answer = Some(Box::new(Answer { status: 200, ..Answer::default() }));
        let problem = "provider_id is missing".to_owned();
        let source = Box::new(FinchApiError::Unreadable { problem, answer });
        Err(FinchApiError::Unplaced { secret: AccessToken::new("canary"), source })
    });
    let store = memory().await;
    open(&*store, "s", 3600).await;
    let finch = wire(api, store).await;
    let scope = customer(0);
    let complete = || finch.complete_connect(&scope, State::new("s"), AuthorizationCode::new("c"));
    let error = complete().await.unwrap_err();
    assert!(!format!("{error:?} {error}").contains("canary"));
    assert_eq!(error.into_token().unwrap().expose(), "canary");
    assert_eq!(finch.possible_orphans(&scope).all().await.unwrap().len(), 1);
    let again = complete().await.unwrap_err();
    assert!(matches!(again, CompleteConnectError::Unknown(_)), "{again:?}");
}

#[tokio::test]
async fn a_store_of_another_application_is_refused_before_any_call() {
    let other = Application { client_id: ClientId::new("another").unwrap(), ..application() };
    let store = Arc::new(MemoryTokenStore::new(other));
    let error = Finch::builder(Arc::new(mock()), store, keys()).open().await.unwrap_err();
    assert!(error.to_string().contains("another"), "{error}");
}

/// A store without room, which takes its time to say so.
struct Full {
    clock: Arc<TestSystem>,
    commits: AtomicUsize,
}

#[async_trait]
impl Intercept for Full {
    async fn commit(&self, _: &dyn TokenStore, _: Commit) -> Result<Seq, StoreError> {
        self.commits.fetch_add(1, Ordering::SeqCst);
        self.clock.pass(Duration::from_secs(2));
        Err(StoreError::Full)
    }
}

#[tokio::test]
async fn a_store_that_refuses_gives_the_token_back() {
    let memory = memory().await;
    open(&*memory, "s", 3600).await;
    let clock = Arc::new(TestSystem::default());
    let full = Full { clock: clock.clone(), commits: AtomicUsize::new(0) };
    let store = Arc::new(Intercepted::new(full, memory));
    let mut api = mock();
    api.expect_exchange()
        .times(1)
        .returning(|_, _| Ok(grant("the-canary", facts("k", "gusto", "c"))));
    let finch = open_finch(Arc::new(api), store.clone(), clock).await;
    let error = finch
        .complete_connect(&customer(0), State::new("s"), AuthorizationCode::new("c"))
        .await
        .unwrap_err();
    let shown = format!("{error} {error:?}");
    assert!(!shown.contains("the-canary"), "{shown}");
    assert_eq!(error.into_token().unwrap().expose(), "the-canary");
    // Each try takes two seconds of the five that there are.
    assert_eq!(store.intercept.commits.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn a_caller_that_goes_away_cancels_nothing() {
    for held in [Held::BeforeItsEffect, Held::BeforeItsAnswer] {
        let api = Arc::new(FakeFinch::new(application(), Reach::Pair));
        let finch = open_finch(api.clone(), memory().await, Arc::new(TestSystem::default())).await;
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        let begun = finch.begin_connect(&customer(0), request).await.unwrap();
        let code = api.login("gusto", "c", "x", begun.finch_customer_id.as_ref());
        let hold = api.hold_next_exchange(held);
        let (state, again) = (begun.state.clone(), code.clone());
        let scope = customer(0);
        tokio::select! {
            _ = finch.complete_connect(&scope, begun.state, code) => panic!("Finch has not answered"),
            () = hold.reached() => {} // The caller goes away while Finch works.
        }
        hold.release();
        let connected = loop {
            match finch.complete_connect(&scope, state.clone(), again.clone()).await {
                Err(CompleteConnectError::InProgress) => tokio::task::yield_now().await,
                completed => break completed.unwrap(),
            }
        };
        finch.access_token(&customer(0), &connected.connection_id, &[]).await.unwrap();
        assert_eq!(api.issued().len(), 1);
    }
}

#[tokio::test]
async fn anothers_connection_at_finch_is_not_renewed_but_passed_over() {
    let store = memory().await;
    store_token(store.clone(), "customer-1", grant("t1", facts("k1", "gusto", "c"))).await;
    let session = || finch_core::ConnectSession {
        session_id: "s".parse().unwrap(),
        connect_url: finch_core::ConnectUrl::new("http://127.0.0.1:1/authorize?session=s"),
    };
    let mut api = mock();
    api.expect_new_session().times(1).withf(|id, _| id.as_str() == "customer-0").returning(
        |_, _| {
            let finch_code = Some("connection_already_exists".into());
            let connection_id = Some(named("k1"));
            Err(Answer { status: 400, finch_code, connection_id, ..Answer::default() }.into_error())
        },
    );
    let next = api.expect_new_session().times(1).withf(|id, _| id.as_str() == "customer-0~2");
    next.returning(move |_, _| Ok(session()));
    let finch = wire(api, store).await;
    let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
    let begun = finch.begin_connect(&customer(0), request).await.unwrap();
    assert_eq!(begun.reauthenticates, None);
    assert_eq!(begun.finch_customer_id.unwrap().as_str(), "customer-0~2");
}

/// The token's own connection is at another provider: that is a conflict (R5), whatever customer Finch names.
#[tokio::test]
async fn a_renewal_that_comes_back_with_another_provider_is_a_conflict() {
    for (provider, company) in [("justworks", "c"), ("justworks", ""), ("gusto", "d")] {
        for named_customer in [None, Some("customer-0"), Some("another")] {
            let mut odd = facts("k", provider, company);
            odd.finch_customer_id = named_customer.and_then(|id| id.parse().ok());
            let mut api = mock();
            api.expect_exchange().times(1).returning(move |_, _| Ok(grant("t2", odd.clone())));
            let store = memory().await;
            store_token(store.clone(), "customer-0", grant("t1", facts("k", "gusto", "c"))).await;
            let mut renewal = new_attempt("customer-0");
            renewal.reauthenticates = Some(named("k"));
            renewal.expires_at = at(3700);
            open_attempt(&*store, renewal, "s").await;
            let finch = wire(api, store).await;
            for _ in 0..2 {
                let code = AuthorizationCode::new("a-code");
                let done = finch.complete_connect(&customer(0), State::new("s"), code).await;
                let what = format!("{provider} {company} {named_customer:?}: {done:?}");
                let Err(CompleteConnectError::Quarantined { reason, .. }) = done else {
                    panic!("{what}")
                };
                assert_eq!(reason, finch_core::Quarantine::Conflict, "{what}");
            }
        }
    }
}
