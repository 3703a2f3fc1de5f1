//! What there is in the emulator, for people and tests: no secret is in it.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;
use serde_json::Value;

use crate::{
    DisconnectScope,
    fault::to_json,
    ids::fingerprint,
    world::{Connection, Token, World},
};

/// Everything at one moment, oldest first.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct EmulatorState {
    /// How far a disconnect reaches.
    pub disconnect_scope: DisconnectScope,
    /// The connections, disconnected ones too.
    pub connections: Vec<ConnectionState>,
    /// The tokens, revoked ones too (the newest 10,000 of them).
    pub tokens: Vec<TokenState>,
    /// How many codes wait to be exchanged.
    pub codes: usize,
    /// How many sessions wait for somebody to log in.
    pub sessions: usize,
    /// The faults that wait for their calls, as they would be queued.
    pub faults: Vec<Value>,
    /// How many calls were answered and take effect later.
    pub late_effects: usize,
    /// How often each of Finch's endpoints was called, by `METHOD /path`.
    pub calls: BTreeMap<String, u64>,
    /// The most calls of Finch's that were on their way at once.
    pub most_calls_at_once: usize,
    /// The most calls of Finch's that came within any one second of the emulator's clock.
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
    /// The provider, in the words of whoever connected first.
    pub provider: String,
    /// The provider's id.
    pub provider_id: String,
    /// The company, in the words of whoever connected first.
    pub company: String,
    /// The company's id.
    pub company_id: String,
    /// The most calls with its tokens that were on their way at once.
    pub most_calls_at_once: usize,
}

/// An access token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct TokenState {
    /// The first 16 hex digits of the token's UUIDv5 in the OID namespace.
    pub fingerprint: String,
    /// The `id` that `/introspect` shows.
    pub id: String,
    /// Its connection.
    pub connection_id: String,
    /// `active` or `revoked`.
    pub status: String,
    /// Whether a disconnect has hit it.
    pub revoked: bool,
    /// Whose it is, in the host application's words.
    pub customer_id: Option<String>,
    /// Who logged in.
    pub user: String,
    /// With which credentials.
    pub credentials: String,
    /// At which provider, in this person's words.
    pub provider: String,
    /// The provider's id.
    pub provider_id: String,
    /// For which company, in this person's words.
    pub company: String,
    /// The company's id.
    pub company_id: String,
    /// What was granted.
    pub products: Vec<String>,
    /// The most calls with it that were on their way at once.
    pub most_calls_at_once: usize,
}

/// An access token with its secret, for whoever runs the emulator. Its `Debug` keeps the secret.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IssuedToken {
    /// What is sent as `Bearer`.
    pub secret: String,
    /// What is known of it.
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

impl World {
    pub(crate) fn state(&self) -> EmulatorState {
        let tokens = self.tokens();
        EmulatorState {
            disconnect_scope: self.config.disconnect_scope,
            connections: self.connections().into_iter().map(ConnectionState::of).collect(),
            tokens: tokens
                .into_iter()
                .map(|(secret, token)| TokenState::of(secret, token))
                .collect(),
            codes: self.codes_waiting(),
            sessions: self.sessions_waiting(),
            faults: self.faults.waiting().map(to_json).collect(),
            late_effects: self.late_effects(),
            calls: self.calls.by_endpoint(),
            most_calls_at_once: self.at_once.most(),
            most_calls_per_second: self.rate.most(),
        }
    }

    /// Every token with its secret, oldest first.
    pub(crate) fn issued_tokens(&self) -> Vec<IssuedToken> {
        let issued = |(secret, token): (&str, &Token)| IssuedToken {
            secret: secret.to_owned(),
            state: TokenState::of(secret, token),
        };
        self.tokens().into_iter().map(issued).collect()
    }
}

impl ConnectionState {
    fn of(connection: &Connection) -> Self {
        Self {
            connection_id: connection.id.to_string(),
            status: connection.status.as_str().to_owned(),
            provider: connection.provider.name.clone(),
            provider_id: connection.provider.id.clone(),
            company: connection.company.name.clone(),
            company_id: connection.company.id.to_string(),
            most_calls_at_once: connection.at_once.most(),
        }
    }
}

impl TokenState {
    fn of(secret: &str, token: &Token) -> Self {
        let grant = &token.grant;
        Self {
            fingerprint: fingerprint(secret),
            id: token.id.to_string(),
            connection_id: token.connection.to_string(),
            status: if token.revoked { "revoked" } else { "active" }.to_owned(),
            revoked: token.revoked,
            customer_id: grant.customer.as_ref().map(|customer| customer.id.clone()),
            user: grant.user.clone(),
            credentials: grant.credentials.clone(),
            provider: grant.provider.name.clone(),
            provider_id: grant.provider.id.clone(),
            company: grant.company.name.clone(),
            company_id: grant.company.id.to_string(),
            products: grant.products.clone(),
            most_calls_at_once: token.at_once.most(),
        }
    }
}
