//! Time and chance, as the hosts see them.

use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use async_trait::async_trait;
use finch_app::System;
use finch_core::Timestamp;
use finch_testkit::Chance;
use jiff::SignedDuration;

use crate::{
    gate::{About, Kind, Point},
    host::Shared,
};

/// The one true time: milliseconds since the history began. It moves when the scheduler says so.
#[derive(Clone, Debug, Default)]
pub(crate) struct Clock {
    millis: Arc<AtomicI64>,
    random: Arc<AtomicU64>,
}

impl Clock {
    pub(crate) fn new(seed: u64) -> Self {
        Self { millis: Arc::default(), random: Arc::new(AtomicU64::new(seed)) }
    }

    pub(crate) fn now(&self) -> i64 {
        self.millis.load(Ordering::Relaxed)
    }

    pub(crate) fn advance(&self, millis: i64) {
        self.millis.fetch_add(millis, Ordering::Relaxed);
    }
}

/// The machine of one host: its clock may be wrong.
pub(crate) struct HostSystem {
    pub(crate) host: usize,
    /// By how many seconds this host's clock is wrong.
    pub(crate) wrong_by: Arc<AtomicI64>,
    pub(crate) shared: Shared,
}

impl fmt::Debug for HostSystem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostSystem").field("host", &self.host).finish_non_exhaustive()
    }
}

/// When histories begin, by the clocks of hosts that are right.
pub(crate) fn beginning() -> Timestamp {
    Timestamp::constant(1_767_225_600, 0)
}

#[async_trait]
impl System for HostSystem {
    fn now(&self) -> Timestamp {
        let wrong_by = SignedDuration::from_secs(self.wrong_by.load(Ordering::Relaxed));
        beginning() + SignedDuration::from_millis(self.shared.clock.now()) + wrong_by
    }

    fn monotonic(&self) -> Duration {
        Duration::from_millis(u64::try_from(self.shared.clock.now()).unwrap_or(0))
    }

    async fn sleep(&self, duration: Duration) {
        // Not a moment too early.
        let millis = i64::try_from(duration.as_nanos().div_ceil(1_000_000)).unwrap_or(i64::MAX);
        let until = self.shared.clock.now().saturating_add(millis);
        let about = About {
            point: Point { kind: Kind::Sleep, name: "until its time" },
            with: None,
            until: Some(until),
        };
        self.shared.gate.pass(self.host, about, |_| ((), String::new())).await;
    }

    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let seed = self.shared.clock.random.fetch_add(1, Ordering::Relaxed);
            let random = Chance::new(seed.wrapping_mul(0x2545_f491_4f6c_dd1d)).next_u64();
            chunk.copy_from_slice(&random.to_le_bytes()[..chunk.len()]);
        }
    }
}
