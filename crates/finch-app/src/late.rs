//! Late effects: a `/disconnect` that nobody saw answered may still take effect for a while, and end
//! tokens that were issued since.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use finch_core::{Connection, LATE_EFFECT, Timestamp};

use crate::Finch;

/// Until when each unanswered `/disconnect` may take effect, by the process's own clock, which never
/// jumps; named by the time under which it is stored.
#[derive(Debug, Default)]
pub(crate) struct LateEffects(Mutex<HashMap<Timestamp, Duration>>);

/// Beyond so many, those that are over are forgotten.
const MANY: usize = 10_000;

impl LateEffects {
    fn noted(&self) -> MutexGuard<'_, HashMap<Timestamp, Duration>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Finch {
    /// Until when a `/disconnect` of one of these connections may still take effect.
    ///
    /// The process's own clock decides, since the other one may jump; but for what it never heard of: there
    /// the stored time does, as far as it lies in the past.
    pub(crate) fn late<'a>(
        &self,
        connections: impl Iterator<Item = &'a Connection>,
    ) -> Option<Timestamp> {
        let (now, monotonic) = (self.now(), self.system().monotonic());
        let mut noted = self.late_effects().noted();
        if noted.len() > MANY {
            noted.retain(|_, until| *until > monotonic);
        }
        let left = |at: Timestamp| {
            let until = noted.entry(at).or_insert_with(|| {
                let age = Duration::try_from(now.duration_since(at)).unwrap_or_default();
                monotonic + LATE_EFFECT.saturating_sub(age)
            });
            until.saturating_sub(monotonic)
        };
        let left = connections.filter_map(Connection::ambiguous_at).map(left).max();
        let left = left.filter(|left| !left.is_zero());
        left.map(|left| now.checked_add(left).unwrap_or(Timestamp::MAX))
    }

    /// A `/disconnect` has gone unanswered now, at `at` by the clock that may jump.
    pub(crate) fn note_late_effect(&self, at: Timestamp) {
        let until = self.system().monotonic() + LATE_EFFECT;
        self.late_effects().noted().insert(at, until);
    }
}
