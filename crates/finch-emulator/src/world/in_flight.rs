//! How many requests are in flight at once.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

/// How many requests are in flight, now and at most.
#[derive(Clone, Default)]
pub(crate) struct InFlight {
    now: Arc<AtomicUsize>,
    most: usize,
}

/// One request in flight, until it is dropped.
pub(crate) struct InFlightGuard(Arc<AtomicUsize>);

impl InFlight {
    pub(crate) fn begin(&mut self) -> InFlightGuard {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most = self.most.max(now);
        InFlightGuard(Arc::clone(&self.now))
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }
}

impl Drop for InFlightGuard {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
