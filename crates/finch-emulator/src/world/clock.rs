//! The emulator's clock, which can be advanced.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

#[derive(Clone)]
pub(crate) struct Clock {
    started_at: Timestamp,
    /// None: the clock stands still between advances.
    running: Option<Instant>,
    advanced: Duration,
    /// A moment in the past, while an effect that was due then is applied.
    pinned: Option<Duration>,
}

impl Clock {
    /// The maximum that it can be advanced in all: a hundred years.
    pub(crate) const LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    /// The start of the year 2026.
    const STANDS_AT: Timestamp = Timestamp::constant(1_767_225_600, 0);

    pub(crate) fn running() -> Self {
        let running = Some(Instant::now());
        Self { started_at: Timestamp::now(), running, advanced: Duration::ZERO, pinned: None }
    }

    /// A clock that moves only when it is advanced.
    pub(crate) fn initial_state() -> Self {
        Self { started_at: Self::STANDS_AT, running: None, advanced: Duration::ZERO, pinned: None }
    }

    /// A new clock of the same kind.
    pub(crate) fn restarted(&self) -> Self {
        if self.running.is_some() { Self::running() } else { Self::initial_state() }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        let running = || self.running.map_or(Duration::ZERO, |started| started.elapsed());
        self.pinned.unwrap_or_else(|| running() + self.advanced)
    }

    /// A moment as a date, to the second.
    pub(crate) fn date(&self, at: Duration) -> String {
        let at = self.timestamp(at);
        Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
    }

    /// The timestamp of a webhook. It is the real time where there is one, because receivers compare it
    /// with theirs.
    pub(crate) fn unix_seconds(&self) -> i64 {
        match self.running {
            Some(_) => Timestamp::now().as_second(),
            None => self.timestamp(self.now()).as_second(),
        }
    }

    fn timestamp(&self, at: Duration) -> Timestamp {
        let since = SignedDuration::try_from(at).unwrap_or_default();
        self.started_at.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// Shows this moment until `None` is pinned.
    pub(crate) fn pin(&mut self, at: Option<Duration>) {
        self.pinned = at;
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by).min(Self::LIMIT);
    }
}
