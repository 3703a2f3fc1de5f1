//! What Finch's word has changed of a connection, and whom it concerns.

use std::collections::BTreeMap;

use finch_core::{Connection, ConnectionId, ConnectionState, CustomerId, Token, TokenState};
use serde::Serialize;

/// The tokens of one connection of which Finch has said the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// The connection, by its newest name.
    pub connection_id: Option<ConnectionId>,
    /// How many tokens, whosever they are.
    pub tokens: usize,
    /// Whose they are, but for those whose access had ended before.
    pub customers: BTreeMap<CustomerId, Theirs>,
}

/// What a customer has of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Theirs {
    /// The newest of the customer's own names of it: others' are none of the customer's business.
    pub connection_id: ConnectionId,
    /// How many tokens.
    pub tokens: usize,
    /// How many of them Finch accepts, which were in doubt or had to be authenticated again.
    pub accepted: usize,
    /// How the connection does for this customer now: another token may still work.
    pub state: ConnectionState,
}

impl Changed {
    /// What of a connection was not revoked before, and is now.
    pub(crate) fn revoked_between(before: &Connection, now: &Connection) -> Self {
        Self::between(before, now, |t| t.state.is_revoked())
    }

    /// What of a connection was in doubt, and is in use now.
    pub(crate) fn verified_between(before: &Connection, now: &Connection) -> Self {
        Self::between(before, now, |t| t.state == TokenState::Active)
    }

    fn between(before: &Connection, now: &Connection, is_so: impl Fn(&Token) -> bool) -> Self {
        let so_now = |t: &&Token| now.token(t.id).is_some_and(&is_so);
        let changed = before.tokens.iter().filter(|t| !is_so(t)).filter(so_now);
        Self::of(before, changed, now)
    }

    /// These tokens of a connection.
    pub(crate) fn of<'a>(
        before: &Connection,
        tokens: impl Iterator<Item = &'a Token> + Clone,
        now: &Connection,
    ) -> Self {
        Self {
            connection_id: before.tokens.last().map(|t| t.facts.connection_id.clone()),
            tokens: tokens.clone().count(),
            customers: whose(tokens.filter(|t| !before.has_ended_for_its_customer(t)), now),
        }
    }

    /// None: nothing has changed.
    pub(crate) fn if_any(self) -> Option<Self> {
        Some(self).filter(|changed| changed.tokens > 0)
    }
}

/// Whose these tokens are, and how the connection does for them now. Quarantined ones have no customer.
fn whose<'a>(
    tokens: impl Iterator<Item = &'a Token>,
    now: &Connection,
) -> BTreeMap<CustomerId, Theirs> {
    let mut whose = BTreeMap::new();
    for token in tokens {
        let Some(customer) = token.customer.clone() else { continue };
        let theirs = whose.entry(customer).or_insert_with_key(|customer| Theirs {
            connection_id: token.facts.connection_id.clone(),
            tokens: 0,
            accepted: 0,
            state: ConnectionState::for_customer(now, customer),
        });
        theirs.connection_id = token.facts.connection_id.clone();
        theirs.tokens += 1;
        theirs.accepted += usize::from(now.token(token.id).is_some_and(Token::works));
    }
    whose
}
