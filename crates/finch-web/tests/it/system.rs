//! A clock on which no wait takes any time.

use std::{
    sync::atomic::{AtomicBool, AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{OsSystem, System, Timestamp};

/// The system's own time and randomness, but that no wait takes any.
#[derive(Debug, Default)]
pub(crate) struct Hurried {
    waited: AtomicU64,
    stands_still: AtomicBool,
}

impl Hurried {
    /// Lets time pass.
    pub(crate) fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.waited.fetch_add(millis.max(1), Ordering::SeqCst);
    }

    /// No wait ends any more: only what happens counts.
    pub(crate) fn stand_still(&self) {
        self.stands_still.store(true, Ordering::SeqCst);
    }

    fn waited(&self) -> Duration {
        Duration::from_millis(self.waited.load(Ordering::SeqCst))
    }
}

#[async_trait]
impl System for Hurried {
    fn now(&self) -> Timestamp {
        OsSystem.now() + self.waited()
    }

    fn monotonic(&self) -> Duration {
        OsSystem.monotonic() + self.waited()
    }

    async fn sleep(&self, duration: Duration) {
        // The renewal of a lease beside a call: it is over long before.
        if duration == finch_core::LEASE / 4 || self.stands_still.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        self.pass(duration);
        tokio::task::yield_now().await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        OsSystem.fill(bytes);
    }
}
