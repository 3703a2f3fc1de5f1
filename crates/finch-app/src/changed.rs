//! What Finch's word has changed of a connection, and whom it concerns.

use std::collections::BTreeMap;

use finch_core::{Connection, ConnectionId, ConnectionState, CustomerId, Token};
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
    /// How the connection does for this customer now: another token may still work.
    pub state: ConnectionState,
}

impl Changed {
    /// What of a connection was not revoked before, and is now.
    pub(crate) fn revoked_between(before: &Connection, now: &Connection) -> Self {
        Self::between(before, now, |t| t.state.is_revoked())
    }

    /// What of a connection is so now, and was not before.
    pub(crate) fn between(
        before: &Connection,
        now: &Connection,
        is_so: impl Fn(&Token) -> bool,
    ) -> Self {
        let so_now = |t: &&Token| now.token(t.id).is_some_and(&is_so);
        let changed: Vec<_> = before.tokens.iter().filter(|t| !is_so(t)).filter(so_now).collect();
        let theirs = changed.iter().copied().filter(|t| !before.is_retired(t));
        Self {
            connection_id: before.tokens.last().map(|t| t.facts.connection_id.clone()),
            tokens: changed.len(),
            customers: whose(theirs, now),
        }
    }

    /// None: nothing has changed.
    pub(crate) fn if_any(self) -> Option<Self> {
        Some(self).filter(|changed| changed.tokens > 0)
    }
}

/// Whose these tokens are, and how the connection does for them now. Quarantined ones are nobody's.
pub(crate) fn whose<'a>(
    tokens: impl Iterator<Item = &'a Token>,
    now: &Connection,
) -> BTreeMap<CustomerId, Theirs> {
    let mut whose = BTreeMap::new();
    for token in tokens {
        let Some(customer) = token.customer.clone() else { continue };
        let theirs = whose.entry(customer).or_insert_with_key(|customer| Theirs {
            connection_id: token.facts.connection_id.clone(),
            tokens: 0,
            state: ConnectionState::for_customer(now, customer),
        });
        theirs.connection_id = token.facts.connection_id.clone();
        theirs.tokens += 1;
    }
    whose
}
