//! The application's connections: what a host holds.

use std::{
    collections::{HashMap, HashSet},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use finch_core::{Application, ConnectionKey, FinchApi, InstanceId, Timestamp, TokenStore};
use thiserror::Error;

use crate::{
    OsSystem, System, exchanges::Exchanges, hint::Rests, late::LateEffects, system::jitter,
    tasks::Tasks,
};

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
    /// This instance among all that share the store.
    instance: InstanceId,
    late: LateEffects,
    /// Connections whose last holder died at work, as long as that is not written down.
    taken_over: Mutex<HashSet<ConnectionKey>>,
    /// Who processes webhooks in this process, and what is left alone with them.
    rests: tokio::sync::Mutex<Rests>,
    tasks: Tasks,
    exchanges: Exchanges,
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
    /// How long [`Finch::complete_connect`] waits for the result of an exchange of the same state and code
    /// that another call has begun, here or in another process, before it answers `InProgress`. Default: 10 s.
    pub exchange_patience: Duration,
    /// How far reconcilers keep their calls to Finch apart: all of them together that share the store,
    /// however much is open. Default: a third of a second.
    pub reconcile_interval: Duration,
}

impl Default for FinchOptions {
    fn default() -> Self {
        Self {
            disconnect_patience: Duration::from_secs(10),
            store_patience: Duration::from_secs(5),
            exchange_patience: Duration::from_secs(10),
            reconcile_interval: Duration::from_millis(1000 / 3),
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
        let mut random = [0; 16];
        system.fill(&mut random);
        let (driving, instance) = (Mutex::default(), InstanceId::new(random));
        let (late, taken_over) = (LateEffects::default(), Mutex::default());
        let (rests, tasks) = (tokio::sync::Mutex::default(), Tasks::default());
        let exchanges = Exchanges::default();
        Ok(Self {
            inner: Arc::new(Inner {
                api,
                store,
                system,
                options,
                driving,
                instance,
                late,
                taken_over,
                rests,
                tasks,
                exchanges,
            }),
        })
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

    pub(crate) fn instance(&self) -> &InstanceId {
        &self.inner.instance
    }

    pub(crate) fn late_effects(&self) -> &LateEffects {
        &self.inner.late
    }

    pub(crate) fn taken_over(&self) -> MutexGuard<'_, HashSet<ConnectionKey>> {
        self.inner.taken_over.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(crate) fn exchanges(&self) -> &Exchanges {
        &self.inner.exchanges
    }

    pub(crate) fn rests(&self) -> &tokio::sync::Mutex<Rests> {
        &self.inner.rests
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
