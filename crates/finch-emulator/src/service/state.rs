//! The state of the emulator, without secrets.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value;

use super::Service;
use crate::{
    DisconnectScope,
    fault::to_json,
    finch,
    world::{Connection, Token, fingerprint},
};

/// The state at one moment. Lists have the oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EmulatorState {
    /// Which tokens a disconnect ends.
    pub disconnect_scope: DisconnectScope,
    /// Live and disconnected connections.
    pub connections: Vec<ConnectionState>,
    /// Live tokens, and the newest 10,000 revoked ones.
    pub tokens: Vec<TokenState>,
    /// The number of codes that can be exchanged.
    pub codes: usize,
    /// The number of Connect sessions that have not expired.
    pub sessions: usize,
    /// The waiting faults, as they can be queued.
    pub faults: Vec<Value>,
    /// The number of requests that have a response and take effect later.
    pub late_effects: usize,
    /// The number of requests to each of Finch's endpoints, by `METHOD /path`.
    pub calls: BTreeMap<String, u64>,
    /// The most requests to Finch's endpoints that were in flight at once.
    pub most_calls_at_once: usize,
    /// The most requests to Finch's endpoints within one second of the emulator's clock.
    pub most_calls_per_second: u64,
}

/// A connection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct ConnectionState {
    /// Its id.
    pub connection_id: String,
    /// `connected`, `reauth` and so on, or `disconnected`.
    pub status: String,
    /// The provider, as the first login named it.
    pub provider: String,
    /// The provider's id.
    pub provider_id: String,
    /// The company, as the first login named it.
    pub company: String,
    /// The company's id.
    pub company_id: String,
    /// The most requests with its tokens that were in flight at once.
    pub most_calls_at_once: usize,
}

/// An access token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenState {
    /// The first 16 hex digits of the token's UUIDv5 in the OID namespace.
    pub fingerprint: String,
    /// The `id` in the response of `/introspect`.
    pub id: String,
    /// Its connection.
    pub connection_id: String,
    /// `active` or `revoked`.
    pub status: String,
    /// Whether its connection was disconnected.
    pub revoked: bool,
    /// The host application's customer.
    pub customer_id: Option<String>,
    /// The person who logged in.
    pub user: String,
    /// The credentials that were used.
    pub credentials: String,
    /// The provider, as this login named it.
    pub provider: String,
    /// The provider's id.
    pub provider_id: String,
    /// The company, as this login named it.
    pub company: String,
    /// The company's id.
    pub company_id: String,
    /// The granted products.
    pub products: Vec<String>,
    /// The most requests with it that were in flight at once.
    pub most_calls_at_once: usize,
}

/// An access token with its secret, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// The value of `Authorization: Bearer`.
    pub secret: String,
    /// Everything else about it.
    pub state: TokenState,
}

impl IssuedToken {
    /// Whether Finch accepts it.
    #[must_use]
    pub fn is_alive(&self) -> bool {
        !self.state.revoked
    }
}

impl fmt::Debug for IssuedToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IssuedToken").field("state", &self.state).finish_non_exhaustive()
    }
}

impl Service {
    pub(crate) fn state(&self) -> EmulatorState {
        let endpoints = finch::ENDPOINTS.iter().map(|(method, path, _)| format!("{method} {path}"));
        let world = &self.world;
        EmulatorState {
            disconnect_scope: world.config.disconnect_scope,
            connections: world.connections().into_iter().map(ConnectionState::from).collect(),
            tokens: self.issued_tokens().into_iter().map(|token| token.state).collect(),
            codes: world.codes_waiting(),
            sessions: world.sessions_waiting(),
            faults: self.faults.waiting().iter().map(to_json).collect(),
            late_effects: self.pending.len(),
            calls: endpoints.chain(["other".to_owned()]).zip(self.counts).collect(),
            most_calls_at_once: self.in_flight.most(),
            most_calls_per_second: self.rate.most(),
        }
    }

    /// Every token with its secret, oldest first.
    pub(crate) fn issued_tokens(&self) -> Vec<IssuedToken> {
        let tokens = self.world.tokens().into_iter();
        let issued = tokens.map(|(secret, token)| IssuedToken {
            secret: secret.to_owned(),
            state: TokenState::of(secret, token),
        });
        issued.collect()
    }
}

impl From<&Connection> for ConnectionState {
    fn from(connection: &Connection) -> Self {
        Self {
            connection_id: connection.id.to_string(),
            status: connection.status.as_str().to_owned(),
            provider: connection.provider.name.clone(),
            provider_id: connection.provider.id.clone(),
            company: connection.company.name.clone(),
            company_id: connection.company.id.to_string(),
            most_calls_at_once: connection.in_flight.most(),
        }
    }
}

impl TokenState {
    fn of(secret: &str, token: &Token) -> Self {
        let grant = token.grant.clone();
        Self {
            fingerprint: fingerprint(secret),
            id: token.id.to_string(),
            connection_id: token.connection.to_string(),
            status: if token.revoked { "revoked" } else { "active" }.to_owned(),
            revoked: token.revoked,
            customer_id: grant.customer.map(|customer| customer.id),
            user: grant.user,
            credentials: grant.credentials,
            provider: grant.provider.name,
            provider_id: grant.provider.id,
            company: grant.company.name,
            company_id: grant.company.id.to_string(),
            products: grant.products,
            most_calls_at_once: token.in_flight.most(),
        }
    }
}
