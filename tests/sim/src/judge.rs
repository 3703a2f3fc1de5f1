//! The judge: looks at the whole store after every write, and knows the rules without the code that
//! keeps them.

mod end;
mod steps;

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use finch_core::{
    Actor, Commit, Connection, CustomerId, Disconnect, DisconnectState, Seq, Token, TokenId,
    TokenState,
};
use finch_testkit::Figures;

use crate::remote::Remote;

/// What the judge has seen so far.
#[derive(Default)]
pub(crate) struct Judge {
    /// The store, after the last write.
    pub(crate) seen: Vec<Connection>,
    /// Tokens that a disconnect covers: never to be handed out again.
    covered: HashSet<TokenId>,
    broken: RefCell<Vec<String>>,
}

/// What the judge is shown beside the store.
pub(crate) struct Case<'a> {
    pub(crate) committed: &'a [(Commit, Seq)],
    pub(crate) customer: Option<CustomerId>,
    pub(crate) remote: &'a Remote,
    pub(crate) secrets: &'a BTreeMap<TokenId, Arc<str>>,
}

/// Whether a disconnect reaches what belongs to this customer. One that Finch made by itself reaches
/// nothing: we only saw it.
fn reaches(disconnect: &Disconnect, customer: Option<&CustomerId>) -> bool {
    match (&disconnect.intent.by, customer) {
        (Actor::Customer(its), Some(customer)) => its == customer,
        (Actor::Finch, _) | (Actor::Reconciler, Some(_)) => false,
        _ => true,
    }
}

impl Judge {
    pub(crate) fn fault(&self, invariant: &str, what: impl std::fmt::Display) {
        self.broken.borrow_mut().push(format!("{invariant}: {what}"));
    }

    /// Whether no promise was broken so far.
    pub(crate) fn is_whole(&self) -> bool {
        self.broken.borrow().is_empty()
    }

    /// The first promises that were broken.
    pub(crate) fn broken(self) -> Vec<String> {
        self.broken.into_inner().into_iter().take(8).collect()
    }

    pub(crate) fn token(&self, id: TokenId) -> Option<(&Connection, &Token)> {
        self.seen.iter().find_map(|c| Some((c, c.token(id)?)))
    }

    pub(crate) fn tokens(&self) -> impl Iterator<Item = &Token> {
        self.seen.iter().flat_map(|c| &c.tokens)
    }

    fn covers(&self, id: TokenId) -> bool {
        self.covered.contains(&id)
    }

    /// I4: whether this secret is of a token of this customer that is active, and that no disconnect covers.
    pub(crate) fn may_be_given(
        &self,
        customer: &CustomerId,
        secret: &str,
        secrets: &BTreeMap<TokenId, Arc<str>>,
    ) -> bool {
        self.tokens().any(|token| {
            token.state == TokenState::Active
                && token.customer.as_ref() == Some(customer)
                && !self.covers(token.id)
                && secrets.get(&token.id).is_some_and(|known| **known == *secret)
        })
    }

    pub(crate) fn look(&mut self, now: Vec<Connection>, case: &Case<'_>, figures: &mut Figures) {
        let before = std::mem::take(&mut self.seen);
        self.cover(&before, &now, case);
        self.check_tokens(&before, &now, case, figures);
        self.check_connections(&before, &now, case, figures);
        if let Some(customer) = &case.customer {
            self.check_customers(&before, &now, customer, case);
        }
        self.seen = now;
    }

    /// Remembers what disconnects cover, by the time of each token's exchange.
    fn cover(&mut self, before: &[Connection], now: &[Connection], case: &Case<'_>) {
        let merged = case.committed.iter().any(|(commit, _)| commit.absorbs.is_some());
        for connection in now {
            let is_new = |d: &Disconnect| {
                before.iter().flat_map(|c| &c.disconnects).all(|old| old.id != d.id)
            };
            // A fence: everything that was there. Finch's own reaches nothing: we only saw it.
            let fences = connection.disconnects.iter().filter(|d| is_new(d));
            for fence in fences.filter(|d| d.intent.by != Actor::Finch) {
                let joined = matches!(fence.state, DisconnectState::Merged { .. });
                let here = before.iter().filter(|c| c.key == connection.key);
                let fenced = here.flat_map(|c| &c.tokens).filter(|token| {
                    let others = matches!(
                        (&fence.intent.by, &token.customer), (Actor::Customer(its), Some(of)) if its != of
                    );
                    !(token.state.is_revoked() || joined && others)
                });
                self.covered.extend(fenced.map(|token| token.id));
            }
            for token in &connection.tokens {
                let home = before.iter().find(|c| c.token(token.id).is_some());
                // A token that arrives, or comes to stand beside another connection's disconnects.
                let since = match home {
                    None => token.exchange_began,
                    Some(home)
                        if merged && home.disconnects.len() < connection.disconnects.len() =>
                    {
                        token.verified.unwrap_or(token.exchange_began)
                    }
                    Some(_) => continue,
                };
                let covers = |d: &Disconnect| {
                    home.is_none_or(|home| home.disconnects.iter().all(|old| old.id != d.id))
                        && reaches(d, token.customer.as_ref())
                        && since < d.id.0
                };
                if connection.disconnects.iter().any(covers) {
                    self.covered.insert(token.id);
                }
            }
            // A retirement: all that its customer began before.
            let retired = |token: &&Token| {
                let mut own = connection.retirements.iter();
                own.any(|r| {
                    Some(&r.customer) == token.customer.as_ref() && token.exchange_began < r.seq
                })
            };
            self.covered.extend(connection.tokens.iter().filter(retired).map(|token| token.id));
        }
    }
}

/// Whether a token may go from one state to another.
fn may_become(from: &TokenState, to: &TokenState) -> bool {
    use TokenState::{Active, Fenced, Retired, Revoked, Superseded, Unverified};
    match (from, to) {
        (Revoked { .. }, _) => from == to,
        (_, Revoked { .. }) | (_, Fenced) => true,
        (Active, Unverified | Retired | Superseded) => true,
        (Unverified, Active | Retired | Superseded) => true,
        _ => from == to,
    }
}
