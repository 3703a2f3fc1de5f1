//! The store reopened in this process, with the stage's clock.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{
    AccessToken, AuthorizationCode, ClientSecret, CompleteConnectError, CompletedConnect,
    ConnectRequest, CustomerId, CustomerScope, Finch, Flow, HttpFinch, HttpFinchConfig,
    OperatorScope, Product, SqliteOptions, SqliteTokenStore, State, System, Timestamp, keyfile,
};
use finch_core::{Token, TokenStore as _};
use finch_seal::{KeyRing, Place, WrappedKeys};
use secrecy::ExposeSecret as _;

use crate::stage::{Account, Stage};

/// The machine's clock, moved on. Waiting moves it on too.
#[derive(Default)]
pub(crate) struct MovedClock(AtomicU64);

impl MovedClock {
    pub(crate) fn ahead(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
    }

    pub(crate) fn pass(&self, time: Duration) {
        self.0.fetch_add(u64::try_from(time.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

impl fmt::Debug for MovedClock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MovedClock")
    }
}

#[async_trait]
impl System for MovedClock {
    fn now(&self) -> Timestamp {
        Timestamp::now() + self.ahead()
    }

    fn monotonic(&self) -> Duration {
        finch_app::OsSystem.monotonic() + self.ahead()
    }

    async fn sleep(&self, duration: Duration) {
        // A lease is renewed beside a real call to Finch, which takes real time.
        if duration == finch_core::LEASE / 4 {
            return tokio::time::sleep(duration).await;
        }
        self.pass(duration);
        tokio::task::yield_now().await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(16) {
            chunk.copy_from_slice(&uuid::Uuid::new_v4().into_bytes()[..chunk.len()]);
        }
    }
}

/// An application on a stage's store.
#[derive(Debug)]
pub(crate) struct App {
    pub(crate) finch: Finch,
    pub(crate) store: Arc<SqliteTokenStore>,
    ring: KeyRing,
}

/// The operator's scope.
pub(crate) fn operator() -> OperatorScope {
    OperatorScope::acting_as("olga".parse().unwrap())
}

impl App {
    /// Opens the store, or makes it.
    pub(crate) fn open(stage: &Stage) -> Self {
        let secret = ClientSecret::new(stage.finch.client_secret());
        let mut http = HttpFinchConfig::new(stage.finch.client_id().parse().unwrap(), secret);
        http.base_url = stage.finch.url().to_owned();
        http.retries = 0;
        let api = Arc::new(HttpFinch::new(http).unwrap());
        let key = Arc::new(keyfile::read(stage.path("finch.db.key")).expect("a key"));
        let application = finch_core::FinchApi::application(&*api).clone();
        let options = SqliteOptions::create(stage.path("finch.db"), application);
        let store = Arc::new(SqliteTokenStore::open(options).expect("the store opens"));
        stage.block_on(async {
            let finch = Finch::builder(api, store.clone(), key.clone());
            let finch = finch.system(stage.clock.clone()).open().await.expect("the keys open");
            let keyring = store.keyring().await.unwrap().expect("a store in use");
            let keys =
                WrappedKeys::from_document(store.binding().store.0, &keyring.document).unwrap();
            let ring = KeyRing::open(&*key, &keys).await.unwrap();
            Self { finch, store, ring }
        })
    }

    /// A token's secret, if it opens as the token says.
    pub(crate) async fn secret(&self, token: &Token) -> Option<AccessToken> {
        let sealed = self.store.sealed(token.id).await.unwrap()?;
        let place = Place {
            client_id: self.store.binding().application.client_id.as_str(),
            customer: token.customer.as_ref().map(CustomerId::as_str),
            connection_id: token.facts.connection_id.as_str(),
            fingerprint: &token.fingerprint.0,
            purpose: token.sealed_as().number(),
        };
        let secret = self.ring.unseal(&place, &sealed.bytes).ok()?;
        Some(AccessToken::new(secret.expose_secret()))
    }

    /// Begins an attempt of this account: its state, and a code for it.
    pub(crate) async fn begin(&self, stage: &Stage, account: &Account) -> (State, String) {
        let request =
            ConnectRequest::new("Acme", vec![Product::Company, Product::Directory], Flow::Embedded);
        let begun = self.finch.begin_connect(&account.scope(), request).await.unwrap();
        stage.guard(begun.state.expose());
        let at_finch = begun.finch_customer_id.as_ref().map(|id| id.as_str());
        let renewed = begun.reauthenticates.as_ref().map(|id| id.as_str());
        let code = stage.code(account, at_finch, renewed);
        (begun.state, code)
    }

    pub(crate) async fn complete(
        &self,
        scope: &CustomerScope,
        state: &State,
        code: &str,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        self.finch.complete_connect(scope, state.clone(), AuthorizationCode::new(code)).await
    }

    /// Connects an account in one go.
    pub(crate) async fn connect(&self, stage: &Stage, account: &Account) -> CompletedConnect {
        let (state, code) = self.begin(stage, account).await;
        self.complete(&account.scope(), &state, &code).await.unwrap()
    }
}
