//! The application's connections: what a host holds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use finch_core::{Application, ConnectionKey, FinchApi, Timestamp, TokenStore};
use thiserror::Error;

use crate::{OsSystem, System, system::jitter};

/// The application's Finch connections. Cheap to clone; every clone is the same.
///
/// Its methods must be called within a Tokio runtime.
#[derive(Clone)]
pub struct Finch {
    inner: Arc<Inner>,
}

struct Inner {
    api: Arc<dyn FinchApi>,
    store: Arc<dyn TokenStore>,
    system: Arc<dyn System>,
    options: FinchOptions,
    /// Who drives a connection's disconnect in this process, so that one does at a time.
    driving: Mutex<HashMap<ConnectionKey, Weak<tokio::sync::Mutex<()>>>>,
}

/// How long calls may take.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinchOptions {
    /// How long [`Finch::disconnect`] tries before it answers `Pending`. One call to Finch that has
    /// begun is not cut off. Default: 10 s.
    pub disconnect_patience: Duration,
    /// How long [`Finch::complete_connect`] tries to store a token before its error carries the token
    /// back. Default: 5 s.
    pub store_patience: Duration,
}

impl Default for FinchOptions {
    fn default() -> Self {
        Self {
            disconnect_patience: Duration::from_secs(10),
            store_patience: Duration::from_secs(5),
        }
    }
}

/// Store and client do not belong together.
#[derive(Debug, Error)]
#[error(
    "the store holds tokens of {store}, but the client speaks for {client}: use the store of that application, or make a new one"
)]
pub struct OtherApplicationError {
    /// What the store is bound to.
    pub store: Application,
    /// What the client speaks for.
    pub client: Application,
}

impl Finch {
    /// Wires a client and a store.
    ///
    /// # Errors
    /// [`OtherApplicationError`]: they belong to different applications, or API origins. Nothing was
    /// sent.
    pub fn new(
        api: Arc<dyn FinchApi>,
        store: Arc<dyn TokenStore>,
    ) -> Result<Self, OtherApplicationError> {
        Self::with_system(api, store, Arc::new(OsSystem), FinchOptions::default())
    }

    /// Wires a client and a store with a clock and randomness of the caller's.
    ///
    /// # Errors
    /// As [`Finch::new`].
    pub fn with_system(
        api: Arc<dyn FinchApi>,
        store: Arc<dyn TokenStore>,
        system: Arc<dyn System>,
        options: FinchOptions,
    ) -> Result<Self, OtherApplicationError> {
        if api.application() != store.application() {
            let (store, client) = (store.application().clone(), api.application().clone());
            return Err(OtherApplicationError { store, client });
        }
        let driving = Mutex::default();
        Ok(Self { inner: Arc::new(Inner { api, store, system, options, driving }) })
    }

    /// The application whose connections these are.
    pub fn application(&self) -> &Application {
        self.inner.store.application()
    }

    pub(crate) fn api(&self) -> &dyn FinchApi {
        &*self.inner.api
    }

    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.inner.store
    }

    pub(crate) fn system(&self) -> &dyn System {
        &*self.inner.system
    }

    pub(crate) fn options(&self) -> &FinchOptions {
        &self.inner.options
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.system().now()
    }

    pub(crate) fn jitter(&self) -> f64 {
        jitter(self.system())
    }

    /// The right to call Finch for this connection: one holder at a time in this process.
    pub(crate) async fn drive_alone(
        &self,
        connection: ConnectionKey,
    ) -> tokio::sync::OwnedMutexGuard<()> {
        let turn = {
            let mut driving = self.inner.driving.lock().unwrap_or_else(PoisonError::into_inner);
            driving.retain(|_, turn| turn.strong_count() > 0);
            let known = driving.get(&connection).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let turn = Arc::default();
                driving.insert(connection, Arc::downgrade(&turn));
                turn
            })
        };
        turn.lock_owned().await
    }
}

impl std::fmt::Debug for Finch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finch").field("application", self.application()).finish_non_exhaustive()
    }
}
