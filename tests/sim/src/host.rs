//! One host: a process with its own `Finch`, runtime and clock, over the shared store.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicBool, AtomicI64, Ordering},
};

use finch_app::{Finch, System};
use finch_core::{FinchApi, TokenStore};
use finch_http::HttpFinch;
use finch_testkit::Intercepted;

use crate::{
    clock::{Clock, HostSystem},
    executor::{Executor, finish},
    finch::{GatedFinch, lock},
    gate::Gate,
    keys::Keys,
    ledger::Ledger,
    remote::Remote,
    store::Gated,
    variant::{Broken, BrokenFinch, Loss, Variant},
};

/// What all hosts share.
#[derive(Clone)]
pub(crate) struct Shared {
    /// The store's keys.
    pub(crate) keys: Arc<Keys>,
    /// Where calls wait.
    pub(crate) gate: Gate,
    /// The true time.
    pub(crate) clock: Clock,
    /// The one Finch.
    pub(crate) remote: Arc<Mutex<Remote>>,
    /// What was learned.
    pub(crate) ledger: Arc<Mutex<Ledger>>,
    /// What is left out, if anything is.
    pub(crate) variant: Option<Variant>,
    /// What that has cost.
    pub(crate) loss: Arc<Mutex<Loss>>,
}

/// What a host calls Finch and looks at its clock with.
struct Wiring {
    api: Arc<dyn FinchApi>,
    system: Arc<dyn System>,
}

impl Wiring {
    fn over(&self, store: Arc<dyn TokenStore>) -> Finch {
        let (api, system) = (Arc::clone(&self.api), Arc::clone(&self.system));
        let finch = Finch::builder(api, store, finch_tests::keys()).system(system).open();
        finish(finch).expect("one application, and its key")
    }
}

/// One host.
pub(crate) struct Host {
    /// Where its tasks run.
    pub(crate) executor: Executor,
    /// What is tested.
    pub(crate) finch: Finch,
    /// What it is tested with.
    wiring: Wiring,
    /// Its store, without the gate.
    pub(crate) store: Arc<dyn TokenStore>,
    /// By how many seconds its clock is wrong.
    pub(crate) wrong_by: Arc<AtomicI64>,
}

impl Host {
    /// Starts a process.
    ///
    /// # Panics
    /// If store and Finch are of different applications.
    pub(crate) fn start(
        number: usize,
        shared: &Shared,
        store: Arc<dyn TokenStore>,
        wrong_by: Arc<AtomicI64>,
    ) -> Self {
        let Shared { keys, gate, clock, remote, ledger, variant, loss } = shared.clone();
        let store: Arc<dyn TokenStore> = match variant {
            Some(variant) => {
                let broken = Broken { host: number, variant, loss, keys: Arc::clone(&keys) };
                Arc::new(Intercepted::new(broken, store))
            }
            None => store,
        };
        let gated = Gated {
            host: number,
            gate: gate.clone(),
            started: AtomicBool::new(false),
            keys,
            ledger: Arc::clone(&ledger),
        };
        let gated = Arc::new(Intercepted::new(gated, Arc::clone(&store)));
        let config = lock(&remote).config();
        let way =
            GatedFinch { host: number, gate: gate.clone(), remote, ledger, clock: clock.clone() };
        let api = HttpFinch::with_transport(config, Arc::new(way)).expect("a configuration");
        let api = BrokenFinch { inner: Arc::new(api), variant };
        let system = HostSystem { host: number, clock, wrong_by: Arc::clone(&wrong_by), gate };
        let wiring = Wiring { api: Arc::new(api), system: Arc::new(system) };
        let finch = wiring.over(Arc::clone(&gated) as _);
        gated.intercept.started.store(true, Ordering::Relaxed);
        Self { executor: Executor::new(), finch, wiring, store, wrong_by }
    }

    /// The same process without the gate of its store: what the judge asks.
    pub(crate) fn unhindered(&self) -> Finch {
        self.wiring.over(Arc::clone(&self.store))
    }
}
