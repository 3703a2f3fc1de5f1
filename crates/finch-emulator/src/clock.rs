//! The emulator's time: it can be moved on, and runs by itself unless nobody wants it to.

use std::time::{Duration, Instant};

use jiff::{SignedDuration, Timestamp};

#[derive(Clone)]
pub(crate) struct Clock {
    started_at: Timestamp,
    /// None: it stands until it is moved on.
    running: Option<Instant>,
    advanced: Duration,
    /// The moment that it is turned back to for a while.
    pinned: Option<Duration>,
}

impl Clock {
    /// The furthest that the clock can be moved on: a hundred years.
    pub(crate) const LIMIT: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

    /// Where a clock that stands begins: with the year 2026.
    const STANDS_AT: Timestamp = Timestamp::constant(1_767_225_600, 0);

    /// A clock that runs.
    pub(crate) fn start() -> Self {
        let running = Some(Instant::now());
        Self { started_at: Timestamp::now(), running, advanced: Duration::ZERO, pinned: None }
    }

    /// A clock that only moves when it is moved on.
    pub(crate) fn standing() -> Self {
        Self { started_at: Self::STANDS_AT, running: None, advanced: Duration::ZERO, pinned: None }
    }

    /// A new clock of the same kind.
    pub(crate) fn again(&self) -> Self {
        if self.running.is_some() { Self::start() } else { Self::standing() }
    }

    /// The time since the start.
    pub(crate) fn now(&self) -> Duration {
        if let Some(pinned) = self.pinned {
            return pinned;
        }
        self.running.map_or(Duration::ZERO, |started| started.elapsed()) + self.advanced
    }

    /// The same as a date, to the second.
    pub(crate) fn timestamp(&self) -> String {
        self.date(self.now())
    }

    /// A moment as a date, to the second.
    pub(crate) fn date(&self, at: Duration) -> String {
        let at = self.instant(at);
        Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
    }

    /// What a receiver of webhooks compares with its own clock: the true time, however far this
    /// one has been moved on; where there is none, this one's.
    pub(crate) fn unix_seconds(&self) -> i64 {
        match self.running {
            Some(_) => Timestamp::now().as_second(),
            None => self.instant(self.now()).as_second(),
        }
    }

    fn instant(&self, at: Duration) -> Timestamp {
        let since = SignedDuration::try_from(at).unwrap_or_default();
        self.started_at.checked_add(since).unwrap_or(Timestamp::MAX)
    }

    /// Shows this moment until it is let go.
    pub(crate) fn pin(&mut self, at: Option<Duration>) {
        self.pinned = at;
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.advanced = self.advanced.saturating_add(by).min(Self::LIMIT);
    }
}
