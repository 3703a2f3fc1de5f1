//! The application's connections: what a host holds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError, Weak},
    time::Duration,
};

use finch_core::{Application, ConnectionKey, FinchApi, InstanceId, Timestamp, TokenStore};
use finch_seal::KeySource;

use crate::{
    EventSink, FinchBuilder, System, exchanges::Exchanges, pending_effects::PendingEffects,
    system::jitter, tasks::Tasks, vault::Vault,
};

/// The application's Finch connections. Cheap to clone; every clone is the same.
///
/// Its methods must be called within a Tokio runtime.
#[derive(Clone)]
pub struct Finch {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) api: Arc<dyn FinchApi>,
    pub(crate) store: Arc<dyn TokenStore>,
    pub(crate) vault: Vault,
    pub(crate) system: Arc<dyn System>,
    pub(crate) options: FinchOptions,
    pub(crate) sink: Option<Arc<dyn EventSink>>,
    /// Who drives a connection's disconnect in this process, so that one does at a time.
    pub(crate) driving: Mutex<HashMap<ConnectionKey, Weak<tokio::sync::Mutex<()>>>>,
    /// This instance among all that share the store.
    pub(crate) instance: InstanceId,
    pub(crate) late: PendingEffects,
    pub(crate) tasks: Tasks,
    pub(crate) exchanges: Exchanges,
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

impl Finch {
    /// Wires a client, a store, and the key that opens what is sealed in the store.
    pub fn builder(
        api: Arc<dyn FinchApi>,
        store: Arc<dyn TokenStore>,
        keys: Arc<dyn KeySource>,
    ) -> FinchBuilder {
        FinchBuilder::new(api, store, keys)
    }

    /// The application whose connections these are.
    pub fn application(&self) -> &Application {
        &self.inner.store.binding().application
    }

    pub(crate) fn api(&self) -> &dyn FinchApi {
        &*self.inner.api
    }

    pub(crate) fn store(&self) -> &dyn TokenStore {
        &*self.inner.store
    }

    pub(crate) fn vault(&self) -> &Vault {
        &self.inner.vault
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

    pub(crate) fn late_effects(&self) -> &PendingEffects {
        &self.inner.late
    }

    pub(crate) fn tasks(&self) -> &Tasks {
        &self.inner.tasks
    }

    pub(crate) fn exchanges(&self) -> &Exchanges {
        &self.inner.exchanges
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
