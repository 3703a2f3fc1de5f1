//! Attempts in memory.

use jiff::Timestamp;

use super::Data;
use finch_core::{
    Attempt, AttemptEnd, AttemptId, Claim, CustomerId, Exchange, Fingerprint, NewAttempt, forgotten,
};

#[derive(Debug)]
pub(super) struct Kept {
    attempt: Attempt,
    state: Fingerprint,
    code: Option<Fingerprint>,
}

impl Data {
    pub(super) fn open_attempt(&mut self, purpose: NewAttempt, state: Fingerprint) -> AttemptId {
        let attempts = self.attempts.values().map(|kept| &kept.attempt);
        for id in forgotten(attempts, purpose.opened_at) {
            self.attempts.remove(&id);
        }
        let id = AttemptId(self.next());
        let attempt = Attempt { id, purpose, exchange: None };
        self.attempts.insert(id, Kept { attempt, state, code: None });
        id
    }

    pub(super) fn claim_attempt(
        &mut self,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: Fingerprint,
        now: Timestamp,
    ) -> Option<(Attempt, Claim)> {
        let own = |a: &Attempt| customer.is_none_or(|c| *c == a.purpose.customer);
        let found = self.attempts.values().find(|k| k.state == *state && own(&k.attempt))?;
        let same = found.code == Some(code);
        let (id, claim) = (found.attempt.id, found.attempt.claim(same, now));
        let exchange = (claim == Claim::Begin).then(|| Exchange {
            began: self.next(),
            began_at: now,
            end: None,
        });
        let kept = self.attempts.get_mut(&id)?;
        if exchange.is_some() {
            kept.attempt.exchange = exchange;
            kept.code = Some(code);
        }
        Some((kept.attempt.clone(), claim))
    }

    pub(super) fn end_attempt(&mut self, id: AttemptId, end: AttemptEnd) {
        let exchange = self.attempts.get_mut(&id).and_then(|k| k.attempt.exchange.as_mut());
        if let Some(exchange) = exchange
            && exchange.end.as_ref().is_none_or(|now| now.may_become(&end))
        {
            exchange.end = Some(end);
        }
    }

    pub(super) fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Vec<Attempt> {
        let attempts = self.attempts.values().map(|k| &k.attempt);
        let own = attempts.filter(|a| customer.is_none_or(|c| *c == a.purpose.customer));
        let page = own.filter(|a| after.is_none_or(|after| a.id > after));
        page.filter(|a| a.is_possible_orphan(now)).take(limit).cloned().collect()
    }
}
