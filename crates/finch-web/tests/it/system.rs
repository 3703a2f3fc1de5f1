//! A clock on which no wait takes any time.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use async_trait::async_trait;
use finch_app::{OsSystem, System, Timestamp};

/// The system's own time and randomness, but that no wait takes any.
#[derive(Debug, Default)]
pub(crate) struct Hurried(AtomicU64);

impl Hurried {
    /// Lets time pass.
    pub(crate) fn pass(&self, duration: Duration) {
        let millis = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        self.0.fetch_add(millis.max(1), Ordering::SeqCst);
    }

    fn waited(&self) -> Duration {
        Duration::from_millis(self.0.load(Ordering::SeqCst))
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
        if duration == finch_core::LEASE / 4 {
            return std::future::pending().await;
        }
        self.pass(duration);
        tokio::task::yield_now().await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        OsSystem.fill(bytes);
    }
}
