//! Ends that Finch has confirmed, and whom they concern.

use std::collections::BTreeMap;

use finch_core::{Connection, ConnectionId, CustomerId, Token};
use serde::Serialize;

/// What has ended of one connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Ended {
    /// The connection, by its newest name.
    pub connection_id: Option<ConnectionId>,
    /// How many tokens, whosever they are.
    pub tokens: usize,
    /// Whose they are, but for those whose access had ended before.
    pub customers: BTreeMap<CustomerId, Theirs>,
}

/// What a customer has of a connection, or had.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Theirs {
    /// The newest of the customer's own names of it: others' are none of the customer's business.
    pub connection_id: ConnectionId,
    /// How many tokens.
    pub tokens: usize,
}

impl Ended {
    /// What of a connection was not revoked before, and is now.
    pub(crate) fn between(before: &Connection, now: &Connection) -> Self {
        let revoked = |t: &&Token| now.token(t.id).is_some_and(|t| t.state.is_revoked());
        let ended = before.tokens.iter().filter(|t| !t.state.is_revoked()).filter(revoked);
        Self {
            connection_id: before.tokens.last().map(|t| t.facts.connection_id.clone()),
            tokens: ended.clone().count(),
            customers: whose(ended.filter(|t| !before.is_retired(t))),
        }
    }
}

/// Whose these tokens are. Quarantined ones are nobody's.
pub(crate) fn whose<'a>(tokens: impl Iterator<Item = &'a Token>) -> BTreeMap<CustomerId, Theirs> {
    let mut whose = BTreeMap::new();
    for token in tokens {
        let Some(customer) = token.customer.clone() else { continue };
        let connection_id = token.facts.connection_id.clone();
        whose
            .entry(customer)
            .and_modify(|theirs: &mut Theirs| {
                theirs.connection_id = connection_id.clone();
                theirs.tokens += 1;
            })
            .or_insert(Theirs { connection_id, tokens: 1 });
    }
    whose
}
