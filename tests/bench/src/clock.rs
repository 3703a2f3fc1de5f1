//! A clock that shows the time at which the stores were filled, and goes on from there: what was used
//! then was used today.

use std::{sync::OnceLock, time::Duration};

use async_trait::async_trait;
use finch_app::{OsSystem, System, Timestamp};
use jiff::SignedDuration;

/// When every token of a filled store was added and last used: 2026-01-01.
pub(crate) fn filled_at() -> Timestamp {
    Timestamp::from_second(1_767_225_600).unwrap_or_default()
}

#[derive(Debug)]
pub(crate) struct Clock;

#[async_trait]
impl System for Clock {
    fn now(&self) -> Timestamp {
        static BEHIND: OnceLock<SignedDuration> = OnceLock::new();
        let now = OsSystem.now();
        let behind = *BEHIND.get_or_init(|| now.duration_since(filled_at()));
        now.saturating_sub(behind).unwrap_or(now)
    }

    fn monotonic(&self) -> Duration {
        OsSystem.monotonic()
    }

    async fn sleep(&self, duration: Duration) {
        OsSystem.sleep(duration).await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        OsSystem.fill(bytes);
    }
}
