//! What Finch's word has changed of a connection, and whom it concerns.

use std::collections::BTreeSet;

use finch_core::{Connection, ConnectionId, CustomerId, Token, TokenState};
use serde::Serialize;

/// The tokens of one connection of which Finch has said the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Changed {
    /// The connection, by its newest name.
    pub connection_id: Option<ConnectionId>,
    /// How many tokens, of all customers.
    pub tokens: usize,
    /// Whose they are, but for those whose access had ended before.
    pub customers: BTreeSet<CustomerId>,
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
        Self::of(before, changed)
    }

    /// These tokens of a connection.
    pub(crate) fn of<'a>(
        before: &Connection,
        tokens: impl Iterator<Item = &'a Token> + Clone,
    ) -> Self {
        Self {
            connection_id: before.tokens.last().map(|t| t.facts.connection_id.clone()),
            tokens: tokens.clone().count(),
            customers: tokens
                .filter(|token| !before.has_ended_for_its_customer(token))
                .filter_map(|token| token.customer.clone())
                .collect(),
        }
    }

    /// None: nothing has changed.
    pub(crate) fn if_any(self) -> Option<Self> {
        Some(self).filter(|changed| changed.tokens > 0)
    }
}
