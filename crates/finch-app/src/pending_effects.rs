//! Late effects: a request whose answer was lost may still take effect for a while. A `/disconnect` then ends
//! tokens that were issued since; an exchange issues one that is not stored.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use finch_core::{Attempt, Connection, LATE_EFFECT, Timestamp};

use crate::Finch;

/// Until when each unanswered request may take effect, by the process's own clock, which never
/// jumps; named by the time under which it is stored.
#[derive(Debug, Default)]
pub(crate) struct PendingEffects(Mutex<HashMap<Timestamp, Duration>>);

/// Beyond so many, those that are over are forgotten.
const MANY: usize = 10_000;

impl PendingEffects {
    fn noted(&self) -> MutexGuard<'_, HashMap<Timestamp, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Finch {
    /// Whether a `/disconnect` of one of these connections may have taken effect after `since`, by the
    /// process's own clock, or may still do so; and when it certainly can no more.
    pub(crate) fn late<'a>(
        &self,
        connections: impl Iterator<Item = &'a Connection>,
        since: Duration,
    ) -> Option<Timestamp> {
        let until = self.late_until(connections).filter(|until| *until > since)?;
        let left = until.saturating_sub(self.system().monotonic());
        Some(self.now().checked_add(left).unwrap_or(Timestamp::MAX))
    }

    /// Whether a lost exchange could take effect at Finch no more at `since`, by the process's own clock. It
    /// is stored under the time at which it began.
    pub(crate) fn is_over(&self, lost: &Attempt, since: Duration) -> bool {
        lost.exchange.as_ref().is_none_or(|exchange| {
            !self.exchanges().runs(lost.id) && self.takes_effect_until(exchange.began_at) <= since
        })
    }

    fn late_until<'a>(
        &self,
        connections: impl Iterator<Item = &'a Connection>,
    ) -> Option<Duration> {
        connections.filter_map(Connection::ambiguous_at).map(|at| self.takes_effect_until(at)).max()
    }

    /// Until when, by the process's own clock, a request may take effect whose answer was lost at `at`.
    ///
    /// The process's own clock decides, since the other one may jump; but for a request of another
    /// process: there the stored time does, as far as it lies in the past.
    fn takes_effect_until(&self, at: Timestamp) -> Duration {
        let (now, monotonic) = (self.now(), self.system().monotonic());
        let mut noted = self.late_effects().noted();
        if noted.len() > MANY {
            noted.retain(|_, until| *until > monotonic);
        }
        *noted.entry(at).or_insert_with(|| {
            let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
            (monotonic + LATE_EFFECT).saturating_sub(age)
        })
    }

    /// A request has gone unanswered now, which is stored under the time `at` by the clock that may jump.
    pub(crate) fn note_late_effect(&self, at: Timestamp) {
        let until = self.system().monotonic() + LATE_EFFECT;
        self.late_effects().noted().insert(at, until);
    }
}
