//! Effects that come later than the answer, or never.

use std::{collections::BTreeMap, time::Duration};

use super::{Lookup, World};
use crate::{answer::Answer, call::Call, routes};

/// Calls that take effect later, by when.
#[derive(Clone, Default)]
pub(crate) struct Late {
    waiting: BTreeMap<(Duration, u64), Call>,
    queued: u64,
}

impl World {
    /// What Finch would answer. The call has no effect, and no id in the answer is ever made again.
    pub(crate) fn dream(&mut self, call: &Call) -> Answer {
        let mut dream = self.clone();
        let answer = routes::answer(&mut dream, call);
        self.ids = dream.ids;
        answer
    }

    /// Lets a call take effect after so long.
    pub(crate) fn take_effect_later(&mut self, call: Call, by: Duration) {
        self.late.queued += 1;
        self.late.waiting.insert((self.clock.now() + by, self.late.queued), call);
    }

    /// Lets what is due take effect, each at the moment at which it was due.
    pub(crate) fn settle(&mut self) {
        let now = self.clock.now();
        while let Some(due) = self.late.waiting.first_entry().filter(|due| due.key().0 <= now) {
            let ((at, _), call) = due.remove_entry();
            self.clock.pin(Some(at));
            if !self.finds_its_customer_taken(&call) {
                // Nobody is there to hear the answer.
                let _ = routes::answer(self, &call);
            }
            self.clock.pin(None);
        }
    }

    /// Whether an exchange that comes late finds that its customer id has a connection of another
    /// provider or company by now: Finch allows each only one, and issues nothing.
    fn finds_its_customer_taken(&self, call: &Call) -> bool {
        let body = call.object().unwrap_or_default();
        let code = body.get("code").and_then(|code| code.as_str()).unwrap_or_default();
        let Lookup::Live(grant) = self.codes.get(code, self.clock.now()) else { return false };
        let customer = grant.customer.as_ref();
        let taken = customer.and_then(|customer| self.connection_of_customer(&customer.id));
        taken.and_then(|id| self.connections.get(&id)).is_some_and(|connection| {
            connection.provider.id != grant.provider.id || connection.company.id != grant.company.id
        })
    }

    /// Moves the clock on.
    pub(crate) fn advance(&mut self, by: Duration) {
        self.clock.advance(by);
        self.settle();
        self.outbox.wake();
    }

    /// How many calls will take effect later.
    pub(crate) fn late_effects(&self) -> usize {
        self.late.waiting.len()
    }
}
