//! Pending effects: a request whose answer was lost may still take effect for a while. A `/disconnect` then ends
//! tokens that were issued since; an exchange issues one that is not stored.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use finch_core::{Connection, LATE_EFFECT, Timestamp};

use crate::System;

/// Until when each unanswered request may take effect, by the process's own clock, which never
/// jumps; named by the time under which it is stored.
#[derive(Debug)]
pub(crate) struct PendingEffects {
    system: Arc<dyn System>,
    noted: Mutex<HashMap<Timestamp, Duration>>,
}

/// Beyond so many, those that are over are forgotten.
const MANY: usize = 10_000;

impl PendingEffects {
    pub(crate) fn new(system: Arc<dyn System>) -> Self {
        Self { system, noted: Mutex::default() }
    }

    /// A request has gone unanswered now, which is stored under the time `at` by the clock that may jump.
    pub(crate) fn note(&self, at: Timestamp) {
        let until = self.system.monotonic() + LATE_EFFECT;
        self.noted().insert(at, until);
    }

    /// Until when, by the process's own clock, a request may take effect whose answer was lost at `at`.
    ///
    /// The process's own clock decides, since the other one may jump; but for a request of another
    /// process: there the stored time does, as far as it lies in the past.
    pub(crate) fn until(&self, at: Timestamp) -> Duration {
        let (now, monotonic) = (self.system.now(), self.system.monotonic());
        let mut noted = self.noted();
        if noted.len() > MANY {
            noted.retain(|_, until| *until > monotonic);
        }
        *noted.entry(at).or_insert_with(|| {
            let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
            (monotonic + LATE_EFFECT).saturating_sub(age)
        })
    }

    /// Whether a `/disconnect` of one of these connections may have taken effect after `since`, by the
    /// process's own clock, or may still do so; and when it certainly can no more.
    pub(crate) fn of<'a>(
        &self,
        connections: impl Iterator<Item = &'a Connection>,
        since: Duration,
    ) -> Option<Timestamp> {
        let lost = connections.filter_map(Connection::ambiguous_at);
        let until = lost.map(|at| self.until(at)).max().filter(|until| *until > since)?;
        let left = until.saturating_sub(self.system.monotonic());
        Some(self.system.now().checked_add(left).unwrap_or(Timestamp::MAX))
    }

    fn noted(&self) -> MutexGuard<'_, HashMap<Timestamp, Duration>> {
        self.noted.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
