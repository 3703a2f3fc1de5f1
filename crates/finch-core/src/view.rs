//! A connection as a host shows it: derived from what is loaded, in a scope, never stored.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    CompanyId, Connection, ConnectionId, ConnectionStatus, CustomerId, FinchTokenId, Product,
    ProviderId, Token, TokenState, Trouble,
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
    /// When access ended, as far as this scope goes; none while it has not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Timestamp>,
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
    /// How Finch said that the connection does, with this token.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub connection_status: Option<ConnectionStatus>,
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
    /// Derives the view: the operator's, or that of a customer, whose tokens alone the store has loaded.
    pub fn of(connection: &Connection, customer: Option<&CustomerId>) -> Self {
        let tokens: Vec<_> =
            connection.tokens.iter().map(|t| TokenView::of(t, connection, customer)).collect();
        let ids: BTreeSet<_> =
            connection.tokens.iter().map(|t| t.facts.connection_id.clone()).collect();
        let state = ConnectionState::of(&mut connection.tokens.iter(), &tokens);
        let revoked = tokens.iter().filter_map(|t| match t.state {
            TokenState::Revoked { at, .. } => Some(at),
            _ => None,
        });
        let retired = connection.retirements.iter().filter(|r| Some(&r.customer) == customer);
        let ends = revoked.chain(retired.map(|r| r.at));
        let ended_at = ends.max().filter(|_| state == ConnectionState::Disconnected);
        Self {
            connection_ids: ids.into_iter().collect(),
            provider_id: connection.provider.clone(),
            company_id: connection.company.clone(),
            state,
            ended_at,
            tokens,
        }
    }

    /// The customers who have tokens in it.
    pub fn customers(&self) -> BTreeSet<&CustomerId> {
        self.tokens.iter().filter_map(|t| t.customer.as_ref()).collect()
    }
}

impl ConnectionState {
    /// How it does for one of its customers.
    pub(crate) fn for_customer(connection: &Connection, customer: &CustomerId) -> Self {
        Self::across(std::slice::from_ref(connection), customer)
    }

    /// The same for connections that become one.
    pub(crate) fn across(connections: &[Connection], customer: &CustomerId) -> Self {
        let own_of = |c| Connection::tokens_of(c, Some(customer)).map(move |t| (c, t));
        let theirs = || connections.iter().flat_map(own_of);
        let shown: Vec<_> = theirs().map(|(c, t)| TokenView::of(t, c, Some(customer))).collect();
        Self::of(&mut theirs().map(|(_, token)| token), &shown)
    }

    fn of<'a>(tokens: &mut impl Iterator<Item = &'a Token>, shown: &[TokenView]) -> Self {
        let any = |state: &TokenState| shown.iter().any(|t| t.state == *state);
        if tokens.any(Token::works) {
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
    /// What becomes of a token whose customer's access has ended before is others' doing, and its customer
    /// does not see it.
    fn of(token: &Token, connection: &Connection, customer: Option<&CustomerId>) -> Self {
        let is_over = customer.is_some() && connection.has_ended_for_its_customer(token);
        let state = match &token.state {
            _ if is_over && connection.is_retired(token) => &TokenState::Retired,
            _ if is_over => &TokenState::Superseded,
            state => state,
        };
        let progress = Some(&token.progress).filter(|_| !is_over);
        Self {
            connection_id: token.facts.connection_id.clone(),
            customer: token.customer.clone(),
            products: token.facts.products.clone(),
            state: state.clone(),
            connection_status: token.status.clone().filter(|_| !is_over),
            added_at: token.added_at,
            finch_token_id: token.finch_token_id.clone(),
            trouble: progress.and_then(|p| p.trouble.clone()),
            next_try: progress.and_then(|p| p.next_try),
        }
    }
}
