//! Attempts in memory.

use jiff::Timestamp;

use super::Data;
use crate::{
    Attempt, AttemptEnd, AttemptId, Claim, CustomerId, Exchange, FORGOTTEN_AT_ONCE,
    FinchCustomerId, Fingerprint, NewAttempt,
};

#[derive(Debug)]
pub(super) struct Kept {
    attempt: Attempt,
    state: Fingerprint,
    code: Option<Fingerprint>,
}

impl Data {
    pub(super) fn open_attempt(&mut self, purpose: NewAttempt, state: Fingerprint) -> AttemptId {
        let forgettable =
            self.attempts.values().filter(|k| k.attempt.is_forgettable(purpose.opened_at));
        let mut forgettable: Vec<_> =
            forgettable.map(|k| (k.attempt.purpose.expires_at, k.attempt.id)).collect();
        forgettable.sort_unstable();
        for (_, id) in forgettable.iter().take(FORGOTTEN_AT_ONCE) {
            self.attempts.remove(id);
        }
        if let Some(id) = &purpose.finch_customer_id {
            self.used_customer_ids.insert((id.clone(), purpose.customer.clone()));
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

    pub(super) fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Vec<FinchCustomerId> {
        let on_token = |id: &FinchCustomerId| {
            let mut tokens = self.connections().flat_map(|c| &c.tokens);
            tokens.any(|t| t.facts.finch_customer_id.as_ref() == Some(id))
        };
        let on_attempt = |id: &FinchCustomerId| {
            let mut used = self.used_customer_ids.iter().filter(|(used, _)| used == id);
            used.any(|(_, by)| by != customer)
        };
        candidates.iter().filter(|id| on_token(id) || on_attempt(id)).cloned().collect()
    }
}
