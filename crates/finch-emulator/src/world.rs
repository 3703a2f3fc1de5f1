//! The emulator's truth: its connections, tokens, codes and sessions. No HTTP is in here.

mod clock;
mod connection;
mod disconnect;
mod entity;
mod expiring;
mod grant;
mod ids;
mod in_flight;
mod product;
mod provider;
mod session;
mod status;
#[cfg(test)]
mod tests;
mod webhooks;

use std::collections::{BTreeSet, HashMap, VecDeque};

use uuid::Uuid;

pub(crate) use clock::Clock;
pub(crate) use connection::{Connection, Token};
pub(crate) use grant::{Authentication, Company, Customer, Grant};
pub(crate) use ids::{Kind, fingerprint};
pub(crate) use in_flight::{InFlight, InFlightGuard};
pub(crate) use product::{PRODUCTS, organization_products};
pub(crate) use provider::{BETA, MFA_REQUIRED, PROVIDERS, Provider, ProviderName};
pub(crate) use session::{Session, SessionError};
pub(crate) use status::Status;

use crate::{DisconnectScope, EmulatorConfig, webhook::Outbox};
use connection::Key;
use expiring::{Expiring, Lookup};
use ids::Ids;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) config: EmulatorConfig,
    pub(crate) base_url: String,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) outbox: Outbox,
    codes: Expiring<Grant>,
    sessions: Expiring<Session>,
    connections: HashMap<Uuid, Connection>,
    /// The live connection of each provider and company (and credentials, in that scope).
    open: HashMap<Key, Uuid>,
    /// The live connections of each customer, oldest first.
    customers: HashMap<String, Vec<Uuid>>,
    /// By secret.
    tokens: HashMap<String, Token>,
    /// The secrets of revoked tokens, oldest first.
    revoked: VecDeque<String>,
    tokens_made: u64,
    sandbox_made: u64,
}

impl World {
    pub(crate) fn new(
        config: EmulatorConfig,
        base_url: String,
        clock: Clock,
        outbox: Outbox,
    ) -> Self {
        Self {
            clock,
            ids: Ids::new(config.seed),
            outbox,
            codes: Expiring::default(),
            sessions: Expiring::default(),
            connections: HashMap::new(),
            open: HashMap::new(),
            customers: HashMap::new(),
            tokens: HashMap::new(),
            revoked: VecDeque::new(),
            tokens_made: 0,
            sandbox_made: 0,
            config,
            base_url,
        }
    }

    /// Counts a request of a token as in flight.
    pub(crate) fn begin_request(&mut self, secret: &str) -> Option<[InFlightGuard; 2]> {
        let token = self.tokens.get_mut(secret)?;
        let connection = self.connections.get_mut(&token.connection)?;
        Some([token.in_flight.begin(), connection.in_flight.begin()])
    }

    /// Creates an access token, and its connection unless the grant belongs to one.
    pub(crate) fn admit(&mut self, grant: Grant) -> (&str, &Token, &Connection) {
        let key = self.key(&grant);
        let id = match grant.reauthenticates.or_else(|| self.open.get(&key).copied()) {
            Some(id) => id,
            None => self.ids.make(Kind::Connection),
        };
        let now = self.clock.now();
        let made = || Connection::new(id, &grant, self.tokens_made);
        let connection = self.connections.entry(id).or_insert_with(made);
        let changed = connection.status != Status::Connected;
        connection.connected(&grant, self.clock.date(now));
        if changed {
            webhooks::announce(connection, None, &mut self.outbox, &mut self.ids, now);
        }
        // New credentials that renew a connection belong to it from then on.
        if !self.open.contains_key(&key) {
            self.open.insert(key.clone(), id);
            connection.keys.push(key);
        }
        if let Some(customer) = &grant.customer {
            let held = self.customers.entry(customer.id.clone()).or_default();
            if !held.contains(&id) {
                held.push(id);
            }
        }

        let secret = self.ids.make(Kind::AccessToken).to_string();
        connection.live.push(secret.clone());
        connection.remembered += 1;
        self.tokens_made += 1;
        let token = Token {
            id: self.ids.make(Kind::TokenId),
            connection: id,
            grant,
            revoked: false,
            in_flight: InFlight::default(),
            number: self.tokens_made,
        };
        let token = self.tokens.entry(secret).insert_entry(token).into_mut();
        let secret = connection.live.last().map(String::as_str).unwrap_or_default();
        (secret, token, connection)
    }

    /// A live token and its connection.
    pub(crate) fn live(&self, secret: &str) -> Option<(&Token, &Connection)> {
        let token = self.tokens.get(secret).filter(|token| !token.revoked)?;
        Some((token, self.connections.get(&token.connection)?))
    }

    pub(crate) fn live_connection(&self, id: Uuid) -> Option<&Connection> {
        self.connections.get(&id).filter(|connection| connection.is_live())
    }

    /// The newest live connection of a customer.
    pub(crate) fn connection_of_customer(&self, customer_id: &str) -> Option<Uuid> {
        self.customers.get(customer_id)?.last().copied()
    }

    /// The newest live token of a connection.
    pub(crate) fn newest_token(&self, connection: &Connection) -> Option<&Token> {
        self.tokens.get(connection.live.last()?)
    }

    /// The customer of a connection, if its live tokens name only one.
    pub(crate) fn customer_of(&self, connection: &Connection) -> Option<Customer> {
        let tokens = connection.live.iter().filter_map(|secret| self.tokens.get(secret));
        let mut customers = tokens.filter_map(|token| token.grant.customer.as_ref());
        let first = customers.next()?;
        customers.all(|other| other.id == first.id).then(|| first.clone())
    }

    /// All connections, oldest first.
    pub(crate) fn connections(&self) -> Vec<&Connection> {
        let mut connections: Vec<_> = self.connections.values().collect();
        connections.sort_unstable_by_key(|connection| connection.made_at);
        connections
    }

    /// All tokens with their secrets, oldest first.
    pub(crate) fn tokens(&self) -> Vec<(&str, &Token)> {
        let tokens = self.tokens.iter().map(|(secret, token)| (secret.as_str(), token));
        let mut tokens: Vec<_> = tokens.collect();
        tokens.sort_unstable_by_key(|(_, token)| token.number);
        tokens
    }

    /// Unlisted providers that have connections, in alphabetical order.
    pub(crate) fn unlisted_providers(&self, limit: usize) -> Vec<String> {
        let providers = self.connections.values().map(|connection| &connection.provider);
        let unlisted = providers.filter(|provider| Provider::by_id(&provider.id).is_none());
        let unlisted: BTreeSet<_> = unlisted.map(|provider| &provider.name).collect();
        unlisted.into_iter().take(limit).cloned().collect()
    }

    /// A company by its id. Its name is that of its oldest connection.
    pub(crate) fn company(&self, id: Uuid) -> Company {
        let known = self.connections.values().filter(|connection| connection.company.id == id);
        match known.min_by_key(|connection| connection.made_at) {
            Some(connection) => connection.company.clone(),
            None => Company { id, name: format!("Company {id}") },
        }
    }

    /// The next number for a name that a sandbox endpoint makes up.
    pub(crate) fn next_sandbox_number(&mut self) -> u64 {
        self.sandbox_made += 1;
        self.sandbox_made
    }

    fn key(&self, grant: &Grant) -> Key {
        Key {
            provider: grant.provider.id.clone(),
            company: grant.company.id,
            credentials: match self.config.disconnect_scope {
                DisconnectScope::Pair => None,
                DisconnectScope::Connection => Some(grant.credentials.clone()),
            },
        }
    }
}
