//! One host: a process with its own `Finch`, runtime and clock, over the shared store.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use finch_app::Finch;
use finch_core::TokenStore;
use finch_http::HttpFinch;
use finch_testkit::Intercepted;
use finch_tests::finish;

use crate::{
    clock::{Clock, HostSystem},
    executor::Executor,
    finch::{GatedFinch, lock},
    gate::Gate,
    keys::Keys,
    ledger::Ledger,
    remote::Remote,
    store::Gated,
    variant::{Broken, Loss, Variant},
};

/// What all hosts share.
#[derive(Clone)]
pub(crate) struct Shared {
    pub(crate) keys: Arc<Keys>,
    pub(crate) gate: Gate,
    pub(crate) clock: Clock,
    pub(crate) remote: Arc<Mutex<Remote>>,
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    /// What is left out, if anything is.
    pub(crate) variant: Option<Variant>,
    /// What that has cost.
    pub(crate) loss: Arc<Mutex<Loss>>,
}

pub(crate) struct Host {
    pub(crate) executor: Executor,
    pub(crate) finch: Finch,
    gated: Arc<Intercepted<Gated>>,
    /// Its store without the gate.
    pub(crate) store: Arc<dyn TokenStore>,
    /// By how many seconds its clock is wrong.
    pub(crate) wrong_by: Arc<AtomicI64>,
}

impl Host {
    /// Starts a process.
    pub(crate) fn start(
        host: usize,
        shared: &Shared,
        store: Arc<dyn TokenStore>,
        wrong_by: Arc<AtomicI64>,
    ) -> Self {
        let shared = shared.clone();
        let store: Arc<dyn TokenStore> = match shared.variant {
            Some(variant) => {
                let broken = Broken { host, variant, shared: shared.clone() };
                Arc::new(Intercepted::new(broken, store))
            }
            None => store,
        };
        let gated = Gated { host, started: AtomicBool::new(false), shared: shared.clone() };
        let gated = Arc::new(Intercepted::new(gated, Arc::clone(&store)));
        let config = lock(&shared.remote).config();
        let way = Arc::new(GatedFinch { host, shared: shared.clone() });
        let api = Arc::new(HttpFinch::with_transport(config, way).expect("a configuration"));
        let system = Arc::new(HostSystem { host, wrong_by: Arc::clone(&wrong_by), shared });
        let finch = Finch::builder(api, Arc::clone(&gated) as _, finch_tests::keys());
        let finch = finish(finch.system(system).open()).expect("one application, and its key");
        gated.intercept.started.store(true, Ordering::Relaxed);
        Self { executor: Executor::new(), finch, gated, store, wrong_by }
    }

    /// The same process without the gate of its store: what the judge asks in the end.
    pub(crate) fn unhindered(&self) -> &Finch {
        self.gated.intercept.started.store(false, Ordering::Relaxed);
        &self.finch
    }
}
