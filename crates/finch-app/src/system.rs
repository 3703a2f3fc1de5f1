//! What the use cases need of the machine: time and randomness, so that a test can give its own.

use std::{
    fmt,
    sync::OnceLock,
    time::{Duration, Instant},
};

use async_trait::async_trait;
use finch_core::Timestamp;

/// Time and randomness.
#[async_trait]
pub trait System: fmt::Debug + Send + Sync {
    /// The time, for people and for deadlines. Nothing is ordered by it.
    fn now(&self) -> Timestamp;

    /// The time since some fixed moment of this process, which never jumps.
    fn monotonic(&self) -> Duration;

    /// Waits.
    async fn sleep(&self, duration: Duration);

    /// Fills `bytes` with cryptographically secure randomness.
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine itself: its clock, and its operating system's randomness.
#[derive(Clone, Copy, Debug, Default)]
pub struct OsSystem;

#[async_trait]
impl System for OsSystem {
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    fn monotonic(&self) -> Duration {
        static START: OnceLock<Instant> = OnceLock::new();
        START.get_or_init(Instant::now).elapsed()
    }

    async fn sleep(&self, duration: Duration) {
        tokio::time::sleep(duration).await;
    }

    #[expect(
        clippy::expect_used,
        reason = "without randomness no state is safe: better no process"
    )]
    fn fill(&self, bytes: &mut [u8]) {
        getrandom::fill(bytes).expect("the operating system gives randomness");
    }
}

/// A random number from 0 to 1, for jitter.
pub(crate) fn jitter(system: &dyn System) -> f64 {
    let mut bytes = [0; 4];
    system.fill(&mut bytes);
    f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX)
}
