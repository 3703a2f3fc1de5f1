//! A store that is a list: what is committed, and nothing else.

use std::rc::Rc;

use finch_core::{
    Attempt, AttemptEnd, AttemptId, Connection, ConnectionId, Draft, Event, Found, Seq, TokenFacts,
    TokenId,
};

#[derive(Debug, Default)]
pub(super) struct Store {
    pub(super) connections: Vec<Rc<Connection>>,
    pub(super) attempts: Vec<Attempt>,
    pub(super) events: Vec<Event>,
    number: u64,
}

impl Store {
    pub(super) fn next(&mut self) -> Seq {
        self.number += 1;
        Seq(self.number)
    }

    /// Commits a decision on a connection.
    pub(super) fn decided(
        &mut self,
        connection: &Connection,
        decide: impl FnOnce(&mut Draft),
    ) -> Seq {
        let mut draft = Draft::of(connection.clone());
        decide(&mut draft);
        self.commit(draft)
    }

    pub(super) fn commit(&mut self, draft: Draft) -> Seq {
        let number = self.next();
        let Some(commit) = draft.finish() else { return number };
        let commit = commit.numbered(number);
        let key = commit.connection.as_ref().expect("a connection").key;
        let before = self.find_by(|c| c.key == key).map(|c| (*c).clone());
        let now = commit.applied_to(before).expect("a connection");
        self.connections.retain(|c| c.key != key && Some(c.key) != commit.absorbs);
        self.connections.push(Rc::new(now));
        if let Some((attempt, end)) = commit.attempt {
            self.end_attempt(attempt, end);
        }
        self.events.extend(commit.events);
        number
    }

    pub(super) fn attempt(&self, id: AttemptId) -> Option<&Attempt> {
        self.attempts.iter().find(|a| a.id == id)
    }

    pub(super) fn end_attempt(&mut self, id: AttemptId, end: AttemptEnd) {
        let exchange = self.attempts.iter_mut().find(|a| a.id == id);
        if let Some(exchange) = exchange.and_then(|a| a.exchange.as_mut())
            && exchange.end.as_ref().is_none_or(|now| now.may_become(&end))
        {
            exchange.end = Some(end);
        }
    }

    fn find_by(&self, is: impl Fn(&Connection) -> bool) -> Option<Rc<Connection>> {
        self.connections.iter().find(|c| is(c)).cloned()
    }

    pub(super) fn with(&self, token: TokenId) -> Option<Rc<Connection>> {
        self.find_by(|c| c.token(token).is_some())
    }

    pub(super) fn named(&self, id: &ConnectionId) -> Option<Rc<Connection>> {
        self.find_by(|c| c.tokens.iter().any(|t| t.facts.connection_id == *id))
    }

    pub(super) fn pair(&self, facts: &TokenFacts) -> Option<Rc<Connection>> {
        let company = facts.company_id.as_ref()?;
        self.find_by(|c| c.company.as_ref() == Some(company) && c.provider == facts.provider_id)
    }

    /// What an arriving token may belong to. `records`: those of this very token.
    pub(super) fn find(&self, facts: &TokenFacts, records: &[TokenId]) -> Found {
        let known = records.iter().find_map(|id| {
            let connection = self.with(*id)?;
            let is_revoked = connection.token(*id)?.state.is_revoked();
            (!is_revoked).then(|| (*id, (*connection).clone()))
        });
        Found {
            revoked_before: known.is_none() && !records.is_empty(),
            known,
            by_pair: self.pair(facts).map(|c| (*c).clone()),
            by_connection_id: self.named(&facts.connection_id).map(|c| (*c).clone()),
        }
    }
}
