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

    pub(super) fn commit(&mut self, draft: Draft) -> Seq {
        let number = self.next();
        let Some(commit) = draft.finish() else { return number };
        let commit = commit.numbered(number);
        let key = commit.connection.as_ref().expect("a connection").key;
        let before = self.connections.iter().find(|c| c.key == key).map(|c| (**c).clone());
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

    pub(super) fn with(&self, token: TokenId) -> Option<&Connection> {
        self.connections.iter().map(|c| &**c).find(|c| c.token(token).is_some())
    }

    pub(super) fn named(&self, id: &ConnectionId) -> Option<&Connection> {
        let named = |c: &&Rc<Connection>| c.tokens.iter().any(|t| t.facts.connection_id == *id);
        self.connections.iter().find(named).map(|c| &**c)
    }

    pub(super) fn pair(&self, facts: &TokenFacts) -> Option<&Connection> {
        let same = |c: &&Rc<Connection>| {
            c.company.is_some() && c.company == facts.company_id && c.provider == facts.provider_id
        };
        self.connections.iter().find(same).map(|c| &**c)
    }

    /// What an arriving token may belong to. `records`: those of this very token.
    pub(super) fn find(&self, facts: &TokenFacts, records: &[TokenId]) -> Found {
        let is_revoked =
            |id: TokenId, c: &Connection| c.token(id).is_some_and(|token| token.state.is_revoked());
        let mut known = records.iter().filter_map(|id| Some((*id, self.with(*id)?)));
        let known = known.find(|(id, c)| !is_revoked(*id, c)).map(|(id, c)| (id, c.clone()));
        Found {
            revoked_before: known.is_none() && !records.is_empty(),
            known,
            by_pair: self.pair(facts).cloned(),
            by_connection_id: self.named(&facts.connection_id).cloned(),
        }
    }
}
