//! Why there is no token to hand out, and whether a renewal would bring one.

use serde::Serialize;

use super::lacks_a_readable_token;
use jiff::Timestamp;

use crate::{
    Actor, Connection, ConnectionId, CustomerId, Draft, Event, EventKind, Product, TokenId,
    TokenState,
};

/// Records that a token is handed out to its customer, if that is the first time.
pub fn hand_out(draft: &mut Draft, token: TokenId, now: Timestamp) {
    let Some(token) = draft.token_mut(token).filter(|token| !token.handed_out) else { return };
    token.handed_out = true;
    let Some(customer) = token.customer.clone() else { return };
    let event = Event {
        at: now,
        by: Actor::Customer(customer.clone()),
        connection_id: Some(token.facts.connection_id.clone()),
        customer: Some(customer),
        what: EventKind::HandedOut,
    };
    draft.remember(event);
}

/// Why a customer gets no token of a connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
#[non_exhaustive]
pub enum NoToken {
    /// There is no such connection, or it is another customer's.
    NotFound,
    /// Finch must be asked first whether the token still lives.
    Unverified,
    /// A disconnect has begun.
    Disconnecting,
    /// The customer's access has ended.
    Disconnected,
    /// The employer must authenticate again.
    NeedsReauth,
    /// The tokens cover these products, and not all that were asked for.
    ProductsNotGranted {
        /// What one of them covers, or another.
        granted: Vec<Product>,
    },
}

/// Whether nothing is left to renew under this name: every token that `customer` had of it is revoked, or its
/// access was given up. Finch opens no session for it: the customer connects again.
pub fn has_ended_for(connection: &Connection, name: &ConnectionId, customer: &CustomerId) -> bool {
    let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(customer));
    let mut named = own.filter(|t| t.facts.connection_id == *name);
    named.all(|t| t.state.is_revoked() || connection.has_ended_for_its_customer(t))
}

/// Whether a disconnect is ending all that `customer` has under this name, so that a renewal would end with
/// it; unless a new token is the way out, since none can be unsealed.
pub fn is_ending_for(connection: &Connection, name: &ConnectionId, customer: &CustomerId) -> bool {
    let own = connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(customer));
    let named = own.filter(|t| t.facts.connection_id == *name);
    let mut left = named
        .filter(|t| !t.state.is_revoked() && !connection.has_ended_for_its_customer(t))
        .peekable();
    left.peek().is_some()
        && left.all(|t| t.state == TokenState::Fenced)
        && !lacks_a_readable_token(connection)
}

/// Says why `customer` gets no token of this connection that covers what was asked for.
pub fn why_no_token(connection: Option<&Connection>, customer: &CustomerId) -> NoToken {
    let Some(connection) = connection else {
        return NoToken::NotFound;
    };
    let own = || connection.tokens.iter().filter(|t| t.customer.as_ref() == Some(customer));
    let active = || own().filter(|t| t.state == TokenState::Active);
    let any = |state: TokenState| own().any(|t| t.state == state);
    if own().next().is_none() {
        NoToken::NotFound
    } else if active().any(|t| !t.needs_reauth()) {
        let mut granted: Vec<_> = active().flat_map(|t| t.facts.products.iter().cloned()).collect();
        granted.sort();
        granted.dedup();
        NoToken::ProductsNotGranted { granted }
    } else if active().next().is_some() {
        NoToken::NeedsReauth
    } else if own()
        .any(|t| t.state == TokenState::Fenced && !connection.has_ended_for_its_customer(t))
    {
        NoToken::Disconnecting
    } else if any(TokenState::Unverified) {
        NoToken::Unverified
    } else {
        NoToken::Disconnected
    }
}
