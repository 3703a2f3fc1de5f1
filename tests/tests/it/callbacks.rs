//! What comes back from Finch Connect: several times at once, or without its state.

use std::sync::Arc;

use async_trait::async_trait;
use finch_app::{
    AuthorizationCode, BegunConnect, CompleteConnectError, ConnectRequest, Finch, Quarantine,
};
use finch_core::{
    FinchCustomerId, Fingerprint, Flow, Found, Product, State, StoreError, TokenFacts, TokenState,
    TokenStore,
};
use finch_testkit::{
    FakeFinch, Held, Intercept, Intercepted, MemoryTokenStore, Reach, application, new_attempt,
};
use finch_tests::{TestSystem, customer, open_attempt, open_finch, operator};

struct World {
    api: Arc<FakeFinch>,
    store: Arc<MemoryTokenStore>,
}

impl World {
    fn new() -> Self {
        let api = Arc::new(FakeFinch::new(application(), Reach::Pair));
        Self { api, store: Arc::new(MemoryTokenStore::new(application())) }
    }

    /// A process of its own over the same store.
    async fn process(&self) -> Finch {
        let system = Arc::new(TestSystem::default());
        open_finch(self.api.clone(), self.store.clone(), system).await
    }

    /// Customer 0 begins, and a person signs in at Finch in the session of this customer id.
    async fn begin(
        &self,
        finch: &Finch,
        session_of: Option<&FinchCustomerId>,
    ) -> (BegunConnect, AuthorizationCode) {
        let request = ConnectRequest::new("Acme", vec![Product::Company], Flow::Embedded);
        let begun = finch.begin_connect(&customer(0), request).await.unwrap();
        (begun, self.api.login("gusto", "c", "x", session_of))
    }
}

#[tokio::test]
async fn a_repetition_waits_for_an_exchange_in_another_process() {
    let world = World::new();
    let (first, second) = (world.process().await, world.process().await);
    let (begun, code) = world.begin(&first, None).await;
    let hold = world.api.hold_next_exchange(Held::BeforeItsEffect);
    let complete = async |finch: &Finch| {
        finch.complete_connect(&customer(0), begun.state.clone(), code.clone()).await
    };
    let repeats = async {
        hold.reached().await;
        let (second, ()) = tokio::join!(complete(&second), async {
            // The second process has asked the store more than once by then.
            for _ in 0..10 {
                tokio::task::yield_now().await;
            }
            hold.release();
        });
        second
    };
    let (first, second) = tokio::join!(complete(&first), repeats);
    assert_eq!(second.unwrap(), first.unwrap());
    assert_eq!(world.api.issued().len(), 1);
}

#[tokio::test]
async fn a_repetition_waits_no_longer_than_its_patience() {
    for elsewhere in [false, true] {
        let world = World::new();
        let finch = world.process().await;
        let again = if elsewhere { world.process().await } else { finch.clone() };
        let (begun, code) = world.begin(&finch, None).await;
        let hold = world.api.hold_next_exchange(Held::BeforeItsEffect);
        let complete = async |finch: &Finch| {
            finch.complete_connect(&customer(0), begun.state.clone(), code.clone()).await
        };
        let repeats = async {
            hold.reached().await;
            let second = complete(&again).await.unwrap_err();
            hold.release();
            second
        };
        let (first, second) = tokio::join!(complete(&finch), repeats);
        assert!(matches!(second, CompleteConnectError::InProgress), "{second}");
        assert_eq!(complete(&again).await.unwrap(), first.unwrap(), "asked again");
    }
}

/// A store that has no room once Finch has answered.
struct Full;

#[async_trait]
impl Intercept for Full {
    async fn find(
        &self,
        _: &dyn TokenStore,
        _: &Fingerprint,
        _: &TokenFacts,
    ) -> Result<Found, StoreError> {
        Err(StoreError::Full)
    }
}

/// The token went back to the first caller, and the store knows of no end: there is nothing to wait for.
#[tokio::test]
async fn a_repetition_of_an_exchange_whose_token_was_handed_back_waits_for_nothing() {
    let World { api, store } = World::new();
    let store = Arc::new(Intercepted::new(Full, store));
    let finch = open_finch(api.clone(), store.clone(), Arc::new(TestSystem::default())).await;
    open_attempt(&*store, new_attempt("customer-0"), "s").await;
    let code = api.login("gusto", "c", "x", None);
    let complete =
        async || finch.complete_connect(&customer(0), State::new("s"), code.clone()).await;
    assert!(matches!(complete().await.unwrap_err(), CompleteConnectError::NotStored { .. }));
    assert!(matches!(complete().await.unwrap_err(), CompleteConnectError::InProgress));
}

#[tokio::test]
async fn without_a_state_a_token_is_used_only_if_finch_names_its_customer() {
    let session = FinchCustomerId::new("customer-0").unwrap();
    let attacker = FinchCustomerId::new("attacker").unwrap();

    let world = World::new();
    let finch = world.process().await;
    let (begun, code) = world.begin(&finch, Some(&session)).await;
    assert_eq!(begun.finch_customer_id.as_ref(), Some(&session));
    let done = finch.complete_connect_without_state(&customer(0), begun.state, code).await.unwrap();
    assert_eq!(done.token_state, TokenState::Active);

    for named in [None, Some(&attacker)] {
        let world = World::new();
        let finch = world.process().await;
        let (begun, code) = world.begin(&finch, named).await;
        // The same again gives the same.
        for _ in 0..2 {
            let (state, code) = (begun.state.clone(), code.clone());
            let done = finch.complete_connect_without_state(&customer(0), state, code).await;
            let Err(CompleteConnectError::Quarantined { reason, .. }) = done else {
                panic!("{named:?}: {done:?}")
            };
            let expected = if named.is_some() {
                Quarantine::OtherCustomer
            } else {
                Quarantine::UnnamedCustomer
            };
            assert_eq!(reason, expected);
        }
        assert!(finch.connections(&customer(0)).all().await.unwrap().is_empty());
        let all = finch.connections(&operator()).all().await.unwrap();
        assert_eq!(all[0].tokens[0].state, TokenState::Quarantined, "and it is not lost");
    }
}
