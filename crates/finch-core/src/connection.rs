//! A connection as it is loaded from a store: everything that a decision needs, and no secret.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Actor, CompanyId, ConnectionId, CustomerId, Disconnect, DisconnectState, Fingerprint,
    ProviderId, Question, RecordHead, Retirement, Seq, Token, TokenId, TokenState,
};

/// A connection's record in its store: the sequence number at which it was created. A host never
/// sees it; any [`ConnectionId`] of the connection is its handle.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ConnectionKey(pub Seq);

/// Counts the changes of one connection. A decision holds only for the revision it was made on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Revision(pub u64);

/// All tokens of the application for one employer at one provider (rules R1–R4).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Connection {
    /// The record.
    pub key: ConnectionKey,
    /// As loaded.
    pub revision: Revision,
    /// The payroll or HR system.
    pub provider: ProviderId,
    /// The employer; none while the connection is provisional (R4).
    pub company: Option<CompanyId>,
    /// In the order of their ids.
    pub tokens: Vec<Token>,
    /// In the order in which they began.
    pub disconnects: Vec<Disconnect>,
    /// In their order.
    pub retirements: Vec<Retirement>,
    /// What a webhook leaves to ask; none: nothing.
    pub question: Option<Question>,
    /// How far the record of its events goes.
    pub record: RecordHead,
}

impl Connection {
    pub(crate) fn empty(
        key: ConnectionKey,
        provider: ProviderId,
        company: Option<CompanyId>,
    ) -> Self {
        Self {
            key,
            revision: Revision(0),
            provider,
            company,
            tokens: Vec::new(),
            disconnects: Vec::new(),
            retirements: Vec::new(),
            question: None,
            record: RecordHead::default(),
        }
    }

    /// What `customer` may see of it: that customer's own tokens and retirements. None: the operator sees all.
    #[must_use]
    pub fn seen_by(mut self, customer: Option<&CustomerId>) -> Self {
        if let Some(customer) = customer {
            self.tokens.retain(|token| token.customer.as_ref() == Some(customer));
            self.retirements.retain(|retirement| retirement.customer == *customer);
        }
        self
    }

    /// The tokens of this customer; none: all tokens.
    pub fn tokens_of<'a>(
        &'a self,
        customer: Option<&CustomerId>,
    ) -> impl DoubleEndedIterator<Item = &'a Token> {
        let tokens = self.tokens.iter();
        tokens.filter(move |t| customer.is_none() || t.customer.as_ref() == customer)
    }

    /// The token of this record.
    pub fn token(&self, id: TokenId) -> Option<&Token> {
        self.tokens.iter().find(|t| t.id == id)
    }

    /// The newest record of the token with this fingerprint.
    pub fn token_of(&self, fingerprint: &Fingerprint) -> Option<&Token> {
        self.tokens.iter().rev().find(|t| t.fingerprint == *fingerprint)
    }

    /// The disconnect that has begun and not ended. There is at most one.
    pub fn open_disconnect(&self) -> Option<&Disconnect> {
        self.disconnects.iter().find(|d| d.is_open())
    }

    /// The tokens whose refusal the open disconnect waits for, of those that it has fenced. None of them is revoked
    /// before it ends: a row that says so was edited, and proves nothing.
    pub fn unproven(&self) -> impl DoubleEndedIterator<Item = &Token> {
        self.fenced().filter(|token| token.progress.refused.is_none() || token.state.is_revoked())
    }

    /// The tokens that the open disconnect has fenced.
    pub(crate) fn fenced(&self) -> impl DoubleEndedIterator<Item = &Token> {
        let listed = self.open_disconnect().map(|open| open.fenced.as_slice()).unwrap_or_default();
        let is_fenced =
            move |token: &&Token| token.state == TokenState::Fenced || listed.contains(&token.id);
        self.tokens.iter().filter(is_fenced)
    }

    /// Whether rows of tokens that the open disconnect has fenced are missing: it cannot end by itself.
    pub(crate) fn lacks_fenced_tokens(&self) -> bool {
        let listed = self.open_disconnect().map(|open| open.fenced.as_slice()).unwrap_or_default();
        listed.iter().any(|id| self.token(*id).is_none())
    }

    /// When this disconnect ended, or the one that it goes on as.
    pub fn end_of(&self, disconnect: &Disconnect) -> Option<Seq> {
        self.root_of(disconnect).ended()
    }

    /// The disconnect that this one goes on as: itself, if it was not merged.
    pub(crate) fn root_of<'a>(&'a self, disconnect: &'a Disconnect) -> &'a Disconnect {
        let mut root = disconnect;
        while let DisconnectState::Merged { into } = root.state {
            match self.disconnects.iter().find(|d| d.id == into) {
                Some(next) if next.id != root.id => root = next,
                _ => break,
            }
        }
        root
    }

    /// How many disconnects had ended before `at`: the generation that `at` belongs to.
    pub(crate) fn generation_at(&self, at: Seq) -> usize {
        self.disconnects.iter().filter(|d| d.ended().is_some_and(|ended| ended < at)).count()
    }

    /// The present generation.
    pub fn generation(&self) -> usize {
        self.disconnects.iter().filter(|d| d.ended().is_some()).count()
    }

    /// Whether the access of `customer` ended, by a retirement, after an exchange that began at `began`.
    pub(crate) fn has_retired(&self, customer: Option<&CustomerId>, began: Seq) -> bool {
        self.retirements.iter().any(|r| Some(&r.customer) == customer && began < r.seq)
    }

    /// Whether the access of the token's customer had ended when the token was stored, or ended without
    /// the others': it is retired or superseded, whatever became of it since. That is others' doing, and the
    /// customer does not see it (I11).
    pub fn has_ended_for_its_customer(&self, token: &Token) -> bool {
        self.is_retired(token) || token.is_superseded()
    }

    /// Whether the token's customer has retired it, whatever became of it since.
    pub fn is_retired(&self, token: &Token) -> bool {
        self.has_retired(token.customer.as_ref(), token.exchange_began)
    }

    /// The newest `/disconnect` of this connection that was sent without an answer.
    pub fn ambiguous_at(&self) -> Option<Timestamp> {
        self.tokens.iter().filter_map(|t| t.progress.ambiguous_at).max()
    }

    /// Whether a customer other than `customer` has live tokens on it.
    pub fn is_shared_beyond(&self, customer: &CustomerId) -> bool {
        let mut live = self.tokens.iter().filter(|t| t.state.is_live());
        live.any(|t| t.customer.as_ref().is_some_and(|c| c != customer))
    }

    /// Whether a disconnect is ending tokens of a customer other than `customer`.
    pub fn is_ended_for_others_too(&self, customer: &CustomerId) -> bool {
        let others =
            self.tokens.iter().filter(|t| t.customer.as_ref().is_some_and(|c| c != customer));
        self.open_disconnect().is_some() && others.into_iter().any(Token::is_unproven)
    }

    /// The name of the newest token of `customer`; none: of all tokens.
    pub fn handle(&self, customer: Option<&CustomerId>) -> Option<&ConnectionId> {
        self.tokens_of(customer).next_back().map(|t| &t.facts.connection_id)
    }

    /// Whether what becomes of this token concerns its customer. What others bring about, after the
    /// customer's own access has ended, does not.
    pub fn concerns(&self, token: &Token, customer: &CustomerId) -> bool {
        let asks_for = |d: &Disconnect| match &d.intent.by {
            Actor::Customer(by) => by == customer,
            Actor::Operator(_) | Actor::Finch => true,
            Actor::Reconciler => false,
        };
        let mut open = self.disconnects.iter().filter(|d| self.root_of(d).is_open()).peekable();
        !self.has_ended_for_its_customer(token) && (open.peek().is_none() || open.any(asks_for))
    }

    /// The customers who use it: those with live tokens, or with tokens that a disconnect is ending.
    pub fn customers_using(&self) -> BTreeSet<&CustomerId> {
        let using = self.tokens.iter().filter(|t| t.state.is_live() || t.is_unproven());
        using.filter_map(|t| t.customer.as_ref()).collect()
    }
}
