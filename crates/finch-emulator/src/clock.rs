//! The emulator's time: it runs by itself and can be moved on.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

pub(crate) struct Clock {
    started_at: Timestamp,
    started: Instant,
    advanced: Duration,
}

impl Clock {
    /// The furthest that the clock can be moved on: a hundred years.
    pub(crate) const LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    pub(crate) fn start() -> Self {
        Self { started_at: Timestamp::now(), started: Instant::now(), advanced: Duration::ZERO }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        self.started.elapsed() + self.advanced
    }

    /// The same as a date, to the second.
    pub(crate) fn timestamp(&self) -> String {
        let since = SignedDuration::try_from(self.now()).unwrap_or_default();
        let now = self.started_at.checked_add(since).unwrap_or(Timestamp::MAX);
        Timestamp::from_second(now.as_second()).unwrap_or(now).to_string()
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by).min(Self::LIMIT);
    }
}
