//! The application's connections: what a host holds.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, Weak},
    time::Duration,
};

use finch_core::{Application, ConnectionKey, FinchApi, InstanceId, Timestamp, TokenStore};
use tokio::task::JoinHandle;

use crate::{
    EventSink, System, exchanges::Exchanges, pending_effects::PendingEffects, system::jitter,
    tasks::Tasks, vault::Vault,
};

/// The application's Finch connections. Cheap to clone; every clone is the same.
///
/// Its methods must be called within a Tokio runtime. What a call must have is an argument. Its options
/// are a struct with public fields, made by `new`, `from` or `default` and changed where you want something else.
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
    /// Held by the task of this process that works on a connection, so that one does at a time.
    pub(crate) working: Mutex<HashMap<ConnectionKey, Weak<tokio::sync::Mutex<()>>>>,
    /// This instance among all that share the store.
    pub(crate) instance: InstanceId,
    pub(crate) pending_effects: PendingEffects,
    pub(crate) tasks: Tasks,
    pub(crate) exchanges: Exchanges,
}

/// How long calls may take.
#[derive(Clone, Debug)]
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
    /// The application whose connections these are.
    pub fn application(&self) -> &Application {
        &self.inner.store.binding().application
    }

    /// Does something in a task of its own, which [`idle`](Self::idle) waits for.
    /// [`complete_connect`](Self::complete_connect) and [`disconnect`](Self::disconnect) do so by themselves.
    /// Without an [event sink](EventSink), wrap the first in this together with the rescue of its
    /// token: servers drop the work for a browser that goes away, and the error may hold the only copy.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.inner.tasks.spawn(task)
    }

    /// Waits until nothing is left of exchanges and disconnects that were begun, and of what was
    /// [spawned](Self::spawn). Call it before a process ends, when
    /// it takes no more requests and its reconciler has [stopped](crate::Reconciler::stop); never within such a
    /// task, which would wait for itself.
    pub async fn idle(&self) {
        self.inner.tasks.idle().await;
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.inner.system.now()
    }

    pub(crate) fn jitter(&self) -> f64 {
        jitter(&*self.inner.system)
    }
}

impl std::fmt::Debug for Finch {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Finch").field("application", self.application()).finish_non_exhaustive()
    }
}
