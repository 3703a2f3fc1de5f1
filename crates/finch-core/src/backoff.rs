//! How long to wait before the next try.

use std::time::Duration;

/// A wait that doubles with each failure in a row, with full jitter: callers that failed together do not come
/// back together.
#[derive(Clone, Copy, Debug)]
pub struct Backoff {
    /// The longest wait after the first failure.
    pub first: Duration,
    /// The longest wait after any.
    pub longest: Duration,
}

impl Backoff {
    /// Between two tries of a call to Finch that only time can mend.
    pub const RETRY: Self =
        Self { first: Duration::from_secs(1), longest: Duration::from_secs(3600) };
    /// Between two looks whether Finch still accepts a token that it promised to end.
    pub const POLL: Self = Self { first: Duration::from_secs(1), longest: Duration::from_secs(60) };

    /// The wait after this many failures in a row; `jitter` is random, from 0 to 1. It is never shorter than a
    /// tenth of [`first`](Self::first): no error is answered with a busy loop.
    pub fn wait(&self, failures: u32, jitter: f64) -> Duration {
        let doubled = self.first.saturating_mul(2u32.saturating_pow(failures.saturating_sub(1)));
        let longest = doubled.min(self.longest);
        longest.mul_f64(jitter.clamp(0.0, 1.0)).max(longest.min(self.first / 10))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_wait_doubles_up_to_the_limit_and_none_is_a_busy_loop() {
        for (failures, seconds) in
            [(0, 1), (1, 1), (2, 2), (3, 4), (12, 2048), (13, 3600), (u32::MAX, 3600)]
        {
            let seconds = Duration::from_secs(seconds);
            for (jitter, wait) in [(1.0, seconds), (0.5, seconds / 2), (7.0, seconds)] {
                assert_eq!(Backoff::RETRY.wait(failures, jitter), wait, "{failures}");
            }
            assert_eq!(Backoff::RETRY.wait(failures, 0.0), Duration::from_millis(100));
        }
    }
}
