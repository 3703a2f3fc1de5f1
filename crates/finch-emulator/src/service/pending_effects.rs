//! Effects that come after the response.

use std::{collections::BTreeMap, time::Duration};

use super::Service;
use crate::{finch, http::Request};

/// Requests that take effect later, by due time and number.
#[derive(Default)]
pub(super) struct PendingEffects {
    waiting: BTreeMap<(Duration, u64), Request>,
    pushed: u64,
}

impl PendingEffects {
    pub(super) fn push(&mut self, due: Duration, request: Request) {
        self.pushed += 1;
        self.waiting.insert((due, self.pushed), request);
    }

    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }
}

impl Service {
    /// Applies the effects that are due, each at the time at which it was due.
    pub(crate) fn settle(&mut self) {
        let now = self.world.clock.now();
        while let Some(due) = self.pending.waiting.first_entry().filter(|due| due.key().0 <= now) {
            let ((at, _), request) = due.remove_entry();
            self.world.clock.pin(Some(at));
            // An exchange issues nothing if its customer has connected another company meanwhile.
            let taken = finch::code(&request).is_some_and(|it| self.world.customer_is_taken(&it));
            if !taken {
                finch::respond(&mut self.world, &request);
            }
            self.world.clock.pin(None);
        }
    }

    pub(crate) fn advance(&mut self, by: Duration) {
        self.world.clock.advance(by);
        self.settle();
        self.world.outbox.wake();
    }
}
