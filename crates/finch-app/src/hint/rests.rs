//! Rests: what is left alone for a while, because Finch could not answer.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use finch_core::{ConnectionId, FinchApiError, Timestamp, decide};

/// By this process's own clock. Another one asks anew.
#[derive(Debug, Default)]
pub(crate) struct Rests {
    finch: Rest,
    connections: HashMap<ConnectionId, Rest>,
}

#[derive(Debug, Default)]
struct Rest {
    failures: u32,
    until: Duration,
}

impl Rests {
    /// Whether it is too early to ask about this connection.
    pub(super) fn hold(&self, id: &ConnectionId, clock: Duration) -> bool {
        let connection = self.connections.get(id);
        connection.into_iter().chain([&self.finch]).any(|rest| clock < rest.until)
    }

    /// Finch could not answer for this connection, and perhaps for none.
    pub(super) fn could_not(
        &mut self,
        id: &ConnectionId,
        error: &FinchApiError,
        (clock, now): (Duration, Timestamp),
        jitter: f64,
    ) {
        let connection = self.connections.entry(id.clone()).or_default();
        let finch = decide::is_away(error).then_some(&mut self.finch);
        for rest in [connection].into_iter().chain(finch) {
            rest.failures += 1;
            let wait = decide::ask_again(error, rest.failures, now, jitter).unwrap_or_default();
            rest.until = clock.saturating_add(wait);
        }
    }

    /// What there is to know of this connection is known.
    pub(super) fn answered(&mut self, id: &ConnectionId) {
        self.finch = Rest::default();
        self.connections.remove(id);
    }

    /// Nothing waits but of these.
    pub(super) fn keep(&mut self, ids: &HashSet<ConnectionId>) {
        self.connections.retain(|id, _| ids.contains(id));
    }
}
