//! How busy the emulator is: calls at once, and calls within a second.

use std::{
    collections::VecDeque,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

/// How many calls are on their way at once, now and at most.
#[derive(Clone, Default)]
pub(crate) struct AtOnce {
    now: Arc<AtomicUsize>,
    most: usize,
}

/// One call on its way, until it is dropped.
pub(crate) struct OnItsWay(Arc<AtomicUsize>);

impl AtOnce {
    pub(crate) fn begin(&mut self) -> OnItsWay {
        let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
        self.most = self.most.max(now);
        OnItsWay(Arc::clone(&self.now))
    }

    pub(crate) fn most(&self) -> usize {
        self.most
    }
}

impl Drop for OnItsWay {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

/// How many calls come within any second of the emulator's clock.
#[derive(Clone, Default)]
pub(crate) struct Rate {
    /// The calls of the last second: when, and how many then.
    last: VecDeque<(Duration, u64)>,
    within: u64,
    most: u64,
}

impl Rate {
    const SECOND: Duration = Duration::from_secs(1);

    pub(crate) fn count(&mut self, now: Duration) {
        while let Some((at, calls)) = self.last.front().copied()
            && now.saturating_sub(at) >= Self::SECOND
        {
            self.within -= calls;
            self.last.pop_front();
        }
        match self.last.back_mut() {
            Some((at, calls)) if *at == now => *calls += 1,
            _ => self.last.push_back((now, 1)),
        }
        self.within += 1;
        self.most = self.most.max(self.within);
    }

    pub(crate) fn most(&self) -> u64 {
        self.most
    }
}
