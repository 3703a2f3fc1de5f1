//! A connection as a host shows it: derived from what is loaded, in a scope, never stored.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    CompanyId, Connection, ConnectionId, CustomerId, FinchTokenId, Product, ProviderId, Token,
    TokenState, Trouble,
};

/// How a connection does, as seen in a scope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConnectionState {
    /// At least one token works.
    Connected,
    /// Finch must be asked first whether a token still lives.
    Unverified,
    /// Nothing is left but quarantined tokens: unused here, live and billed at Finch. Only the operator
    /// sees them, and may disconnect them.
    Quarantined,
    /// The employer must authenticate again.
    NeedsReauth,
    /// A disconnect has begun, and Finch has not proven the end.
    Disconnecting,
    /// Access has ended.
    Disconnected,
}

/// A connection as seen in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ConnectionView {
    /// The names under which Finch knows it. Each is a handle for it here.
    pub connection_ids: Vec<ConnectionId>,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer; none while Finch has not named it.
    pub company_id: Option<CompanyId>,
    /// How it does.
    pub state: ConnectionState,
    /// Its tokens, oldest first.
    pub tokens: Vec<TokenView>,
}

/// A token as seen in a scope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TokenView {
    /// Under which name Finch issued it.
    pub connection_id: ConnectionId,
    /// Whose it is; none while quarantined.
    pub customer: Option<CustomerId>,
    /// What it covers.
    pub products: Vec<Product>,
    /// What it is here, and if it is revoked, the evidence.
    #[serde(flatten)]
    pub state: TokenState,
    /// When it was stored.
    pub added_at: Timestamp,
    /// Finch's own name for it, once Finch was asked.
    pub finch_token_id: Option<FinchTokenId>,
    /// What stands in the way of its end, or of settling a doubt.
    pub trouble: Option<Trouble>,
    /// When it is tried again.
    pub next_try: Option<Timestamp>,
}

impl ConnectionView {
    /// Derives the view. In a customer's scope the store has loaded that customer's tokens only.
    pub fn of(connection: &Connection) -> Self {
        let ids: BTreeSet<_> =
            connection.tokens.iter().map(|t| t.facts.connection_id.clone()).collect();
        Self {
            connection_ids: ids.into_iter().collect(),
            provider_id: connection.provider.clone(),
            company_id: connection.company.clone(),
            state: ConnectionState::of(&connection.tokens),
            tokens: connection.tokens.iter().map(TokenView::of).collect(),
        }
    }

    /// The customers who have tokens in it.
    pub fn customers(&self) -> BTreeSet<&CustomerId> {
        self.tokens.iter().filter_map(|t| t.customer.as_ref()).collect()
    }
}

impl ConnectionState {
    fn of(tokens: &[Token]) -> Self {
        let any = |state: &TokenState| tokens.iter().any(|t| t.state == *state);
        if tokens.iter().any(|t| t.state == TokenState::Active && !t.needs_reauth()) {
            Self::Connected
        } else if any(&TokenState::Active) {
            Self::NeedsReauth
        } else if any(&TokenState::Fenced) {
            Self::Disconnecting
        } else if any(&TokenState::Unverified) {
            Self::Unverified
        } else if any(&TokenState::Quarantined) {
            Self::Quarantined
        } else {
            Self::Disconnected
        }
    }
}

impl TokenView {
    fn of(token: &Token) -> Self {
        Self {
            connection_id: token.facts.connection_id.clone(),
            customer: token.customer.clone(),
            products: token.facts.products.clone(),
            state: token.state.clone(),
            added_at: token.added_at,
            finch_token_id: token.finch_token_id.clone(),
            trouble: token.progress.trouble.clone(),
            next_try: token.progress.next_try,
        }
    }
}
