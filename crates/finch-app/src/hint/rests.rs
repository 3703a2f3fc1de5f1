//! Rests: what is left alone for a while because Finch could not answer, and what it had said until then.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use finch_core::{ConnectionId, FinchApiError, Timestamp, decide};

use super::follow::Told;

/// What this process knows of webhooks that wait, by its own clock. Another one asks anew.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    finch: Rest,
    connections: HashMap<ConnectionId, Halfway>,
}

/// Until when nothing is asked.
#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    until: Duration,
}

/// A connection of which Finch has not said all.
#[derive(Debug, Default)]
struct Halfway {
    rest: Rest,
    told: Told,
}

impl Rests {
    /// Whether it is too early to ask about this connection.
    pub(super) fn hold(&self, id: &ConnectionId, clock: Duration) -> bool {
        let connection = self.connections.get(id).map(|halfway| &halfway.rest);
        [Some(&self.finch), connection].into_iter().flatten().any(|rest| clock < rest.until)
    }

    /// What Finch has said of this connection so far.
    pub(super) fn told(&mut self, id: &ConnectionId) -> &mut Told {
        &mut self.connections.entry(id.clone()).or_default().told
    }

    /// Finch could not answer for this connection, and perhaps for none.
    pub(super) fn could_not(
        &mut self,
        id: &ConnectionId,
        error: &FinchApiError,
        (clock, now): (Duration, Timestamp),
        jitter: f64,
    ) {
        let connection = &mut self.connections.entry(id.clone()).or_default().rest;
        for rest in
            [connection].into_iter().chain(decide::is_away(error).then_some(&mut self.finch))
        {
            rest.failures += 1;
            let wait = decide::ask_again(error, rest.failures, now, jitter).unwrap_or_default();
            rest.until = clock.saturating_add(wait);
        }
    }

    /// Finch has answered.
    pub(super) fn answered(&mut self) {
        self.finch = Rest::default();
    }

    /// Nothing of this connection waits now.
    pub(super) fn forget(&mut self, id: &ConnectionId) {
        self.connections.remove(id);
    }

    /// Nothing waits but of these.
    pub(super) fn keep(&mut self, ids: &HashSet<ConnectionId>) {
        self.connections.retain(|id, _| ids.contains(id));
    }
}
