//! Why there is no token to hand out, and whether a renewal would bring one.

use std::collections::BTreeSet;

use jiff::Timestamp;
use thiserror::Error;

use super::lacks_a_readable_token;
use crate::{
    Actionable, Actor, Advice, Connection, ConnectionId, ConnectionState, CustomerId, Draft,
    ErrorKind, Event, EventKind, Product, StoreError, TokenId, TokenState,
};

/// Records that a token is handed out to its customer, if that is the first time.
pub fn hand_out(draft: &mut Draft, token: TokenId, now: Timestamp) {
    let connection = draft.connection();
    let Some(used) = connection.token(token).filter(|token| !token.handed_out) else { return };
    if let Some(customer) = used.customer.clone() {
        let (by, kind) = (Actor::Customer(customer), EventKind::HandedOut);
        draft.remember(Event::of_token(connection, used, by, kind, now));
    }
    if let Some(token) = draft.token_mut(token) {
        token.handed_out = true;
    }
}

/// Why there is no token to use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is no such connection, or it is another customer's.
    #[error("there is no such connection")]
    NotFound,
    /// Finch must be asked first whether the token still lives: a reconciler does.
    #[error("the connection's token must be verified with Finch first")]
    Unverified,
    /// A disconnect has begun.
    #[error("the connection is being disconnected")]
    Disconnecting,
    /// Access has ended. The customer must connect again.
    #[error("the connection has been disconnected")]
    Disconnected,
    /// The employer must authenticate again: begin a reauthentication.
    #[error("the employer must authenticate again")]
    NeedsReauth,
    /// No token covers all of the products: begin a reauthentication that asks for them.
    #[error(
        "no token of the connection covers all of these products (granted: {})",
        granted.iter().map(Product::as_str).collect::<Vec<_>>().join(", ")
    )]
    ProductsNotGranted {
        /// What one token covers, or another.
        granted: Vec<Product>,
    },
    /// The store failed.
    #[error("the token could not be read")]
    Store(#[from] StoreError),
}

impl Actionable for TokenError {
    fn advice(&self) -> Advice {
        let state = |code, step| Advice::new(ErrorKind::State, code, step);
        match self {
            Self::NotFound => Advice::no_such_connection(),
            Self::Unverified => Advice::retry(
                ErrorKind::State,
                "unverified",
                "reconcile (`finch reconcile`), then ask for the token again",
            ),
            Self::Disconnecting => state(
                "disconnecting",
                "wait: the reconciler (`finch reconcile`) finishes the disconnect",
            ),
            Self::Disconnected => state("disconnected", "connect the customer again"),
            Self::NeedsReauth => state("needs_reauth", "reauthenticate the connection"),
            Self::ProductsNotGranted { .. } => {
                state("products_not_granted", "reauthenticate the connection with these products")
            }
            Self::Store(error) => error.advice(),
        }
    }
}

/// Whether nothing is left to renew under this name: every token that `customer` had of it is revoked, or its
/// access was given up. Finch opens no session for it: the customer connects again.
pub fn has_ended_for(connection: &Connection, name: &ConnectionId, customer: &CustomerId) -> bool {
    let mut named = connection.tokens_of(Some(customer)).filter(|t| t.facts.connection_id == *name);
    named.all(|t| t.state.is_revoked() || connection.has_ended_for_its_customer(t))
}

/// Whether a disconnect is ending all that `customer` has under this name, so that a renewal would end with
/// it; unless a new token is the way out, since none can be unsealed.
pub fn is_ending_for(connection: &Connection, name: &ConnectionId, customer: &CustomerId) -> bool {
    let own = connection.tokens_of(Some(customer));
    let named = own.filter(|t| t.facts.connection_id == *name);
    let mut left = named
        .filter(|t| !t.state.is_revoked() && !connection.has_ended_for_its_customer(t))
        .peekable();
    left.peek().is_some()
        && left.all(|t| t.state == TokenState::Fenced)
        && !lacks_a_readable_token(connection)
}

/// Says why `customer` gets no token of this connection that covers what was asked for.
pub fn why_no_token(connection: Option<&Connection>, customer: &CustomerId) -> TokenError {
    let own = || connection.into_iter().flat_map(|c| c.tokens_of(Some(customer)));
    let Some(connection) = connection.filter(|_| own().next().is_some()) else {
        return TokenError::NotFound;
    };
    match ConnectionState::for_customer(connection, customer) {
        ConnectionState::Connected => {
            let active = own().filter(|t| t.state == TokenState::Active);
            let granted: BTreeSet<_> = active.flat_map(|t| t.facts.products.clone()).collect();
            TokenError::ProductsNotGranted { granted: granted.into_iter().collect() }
        }
        ConnectionState::NeedsReauth => TokenError::NeedsReauth,
        ConnectionState::Disconnecting => TokenError::Disconnecting,
        ConnectionState::Unverified => TokenError::Unverified,
        ConnectionState::Quarantined | ConnectionState::Disconnected => TokenError::Disconnected,
    }
}
