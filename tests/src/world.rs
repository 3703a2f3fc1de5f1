//! A world in which histories are run.

use std::{
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{EventFilter, Finch, System};
use finch_core::{
    AccessToken, Application, AuthorizationCode, CompanyId, CustomerId, CustomerScope, FinchApi,
    FinchApiError, OperatorScope, ProviderId, Selector, State, Timestamp, Token, TokenStore,
};
use finch_seal::Domain;
use finch_sqlite::{SqliteOptions, SqliteTokenStore};
use finch_testkit::{Chance, FakeFinch, MemoryTokenStore, Reach, application, at};

use crate::{fingerprint, keys};

/// A clock that moves only when a task waits, and repeatable randomness.
#[derive(Debug, Default)]
pub struct TestSystem {
    millis: AtomicI64,
    wrong_by: AtomicI64,
    random: AtomicU64,
    renewals: AtomicUsize,
}

impl TestSystem {
    /// The next call to Finch that is held takes so many renewals of its lease.
    pub fn renew(&self, times: usize) {
        self.renewals.store(times, Ordering::SeqCst);
    }

    /// How many of them are left.
    pub fn renewals_left(&self) -> usize {
        self.renewals.load(Ordering::SeqCst)
    }

    /// The time, without a moment passing.
    pub fn now_quietly(&self) -> Timestamp {
        self.at(self.millis.load(Ordering::SeqCst))
    }

    /// Sets the clock forward by so many seconds, or back, without time passing.
    pub fn set_forward(&self, seconds: i64) {
        self.wrong_by.fetch_add(seconds, Ordering::SeqCst);
    }

    fn at(&self, millis: i64) -> Timestamp {
        let wrong_by = jiff::SignedDuration::from_secs(self.wrong_by.load(Ordering::SeqCst));
        at(100) + jiff::SignedDuration::from_millis(millis) + wrong_by
    }

    /// Lets time pass.
    pub fn pass(&self, duration: Duration) {
        let millis = i64::try_from(duration.as_millis()).unwrap_or(i64::MAX);
        self.millis.fetch_add(millis, Ordering::SeqCst);
    }
}

#[async_trait]
impl System for TestSystem {
    fn now(&self) -> Timestamp {
        // A moment passes between any two looks at the clock.
        self.at(self.millis.fetch_add(1, Ordering::SeqCst))
    }

    fn monotonic(&self) -> Duration {
        let millis = self.millis.load(Ordering::SeqCst);
        Duration::from_millis(u64::try_from(millis).unwrap_or(0))
    }

    async fn sleep(&self, duration: Duration) {
        // The renewal of a lease beside a call that takes real time, of which this clock knows nothing.
        if duration == finch_core::LEASE / 4 {
            let left = |left: usize| left.checked_sub(1);
            if self.renewals.fetch_update(Ordering::SeqCst, Ordering::SeqCst, left).is_err() {
                return std::future::pending().await;
            }
        }
        self.pass(duration);
        tokio::task::yield_now().await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let random = Chance::new(self.random.fetch_add(1, Ordering::SeqCst)).next_u64();
            chunk.copy_from_slice(&random.to_le_bytes()[..chunk.len()]);
        }
    }
}

/// A Finch, a store, and the application between them.
#[derive(Debug)]
pub struct World {
    /// The truth.
    pub finch: Arc<FakeFinch>,
    /// What the application knows.
    pub store: Arc<dyn StoreDebug>,
    /// What is tested.
    pub app: Finch,
    /// Its clock.
    pub system: Arc<TestSystem>,
    /// Every attempt that was completed, to be repeated.
    pub attempts: Mutex<Vec<(State, AuthorizationCode)>>,
    /// Tokens that an error carried back.
    pub handed_back: Mutex<Vec<AccessToken>>,
}

/// A store that can be shown.
pub trait StoreDebug: TokenStore + std::fmt::Debug {}
impl<T: TokenStore + std::fmt::Debug> StoreDebug for T {}

/// The scope of customer number `n`.
pub fn customer(n: u8) -> CustomerScope {
    CustomerScope::new(CustomerId::new(format!("customer-{n}")).unwrap())
}

/// The store in this file, which is made where there is none.
pub fn sqlite(path: &Path, application: Application) -> Arc<SqliteTokenStore> {
    let options = SqliteOptions::create(path, application);
    Arc::new(SqliteTokenStore::open(options).expect("a store"))
}

/// The application over `store`, which opens with [`keys`].
pub async fn open_finch(
    api: Arc<dyn FinchApi>,
    store: Arc<dyn TokenStore>,
    system: Arc<TestSystem>,
) -> Finch {
    Finch::builder(api, store, keys()).system(system).open().await.expect("one application")
}

/// The operator's scope.
pub fn operator() -> OperatorScope {
    OperatorScope::acting_as("tests".parse().unwrap())
}

impl World {
    /// An empty world over `store`, which must be a store of [`application`].
    pub async fn new(reach: Reach, store: Arc<dyn StoreDebug>) -> Self {
        let finch = Arc::new(FakeFinch::new(application(), reach));
        let system = Arc::new(TestSystem::default());
        let app = open_finch(finch.clone(), store.clone(), system.clone()).await;
        Self::of(finch, store, app, system)
    }

    /// An empty world of these.
    pub fn of(
        finch: Arc<FakeFinch>,
        store: Arc<dyn StoreDebug>,
        app: Finch,
        system: Arc<TestSystem>,
    ) -> Self {
        Self {
            finch,
            store,
            app,
            system,
            attempts: Mutex::default(),
            handed_back: Mutex::default(),
        }
    }

    /// An empty world over a store in memory.
    pub async fn in_memory(reach: Reach) -> Self {
        Self::new(reach, Arc::new(MemoryTokenStore::new(application()))).await
    }

    /// Another process on the same store, with the same clock.
    pub async fn another_process(&self) -> Finch {
        open_finch(self.finch.clone(), self.store.clone(), self.system.clone()).await
    }

    /// The next calls to Finch fail, so many of them.
    pub fn fail(&self, times: usize, error: impl Fn() -> FinchApiError) {
        for _ in 0..times {
            self.finch.fail_next(error());
        }
    }

    /// How many possible orphans the operator sees.
    pub async fn orphans(&self) -> usize {
        self.app.possible_orphans(&operator()).all().await.unwrap().len()
    }

    /// Every token record of every connection, with the connection's pair.
    pub async fn tokens(&self) -> Vec<((ProviderId, Option<CompanyId>), Token)> {
        let connections = finch_testkit::connections(&*self.store, None).await.unwrap();
        let each = connections.into_iter().flat_map(|c| {
            let pair = (c.provider, c.company);
            c.tokens.into_iter().map(move |t| (pair.clone(), t))
        });
        each.collect()
    }

    /// The record of each token that Finch ever issued, if there is one.
    pub async fn records(&self) -> Vec<(AccessToken, Option<Token>)> {
        let mut records = Vec::new();
        for secret in self.finch.issued() {
            let fingerprint = fingerprint(&*self.store, Domain::Token, secret.expose()).await;
            let found = self.store.load(Selector::Fingerprint(&fingerprint), None).await.unwrap();
            records.push((secret, found.and_then(|c| c.token_of(&fingerprint).cloned())));
        }
        records
    }

    /// Everything that a customer sees, as a host would print it.
    pub async fn view(&self, who: u8) -> String {
        let views = self.app.connections(&customer(who)).all().await.unwrap();
        let mut seen = vec![serde_json::to_string(&views).unwrap()];
        for view in &views {
            for id in &view.connection_ids {
                let token = self.app.access_token(&customer(who), id, &[]).await;
                seen.push(match token {
                    Ok(token) => format!("{id}: {}", token.secret.expose()),
                    Err(error) => format!("{id}: {error}"),
                });
            }
        }
        let orphans = self.app.possible_orphans(&customer(who)).all().await.unwrap();
        seen.push(serde_json::to_string(&orphans).unwrap());
        let events = self.app.events(&customer(who), EventFilter::default()).all().await.unwrap();
        seen.push(serde_json::to_string(&events).unwrap());
        seen.join("\n")
    }
}
