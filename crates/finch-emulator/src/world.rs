//! The emulator's truth: which connections, tokens, codes and sessions there are.
//!
//! Nothing in here knows HTTP. One lock is held around each call, so that its effect is atomic.

mod change;
mod connection;
mod entity;
mod expiring;
mod grant;
mod late;
mod session;
#[cfg(test)]
mod tests;
mod webhooks;

use std::collections::{BTreeSet, HashMap, VecDeque};

use uuid::Uuid;

pub(crate) use connection::{Connection, Status, Token};
pub(crate) use entity::Entity;
pub(crate) use grant::{
    Authentication, Company, Customer, Grant, ProviderName, organization_products,
};
pub(crate) use session::{Session, SessionGone};

use crate::{
    DisconnectScope, EmulatorConfig,
    clock::Clock,
    fault::FaultQueue,
    finch::providers::Provider,
    ids::{Ids, Kind},
    journal::Journal,
    routes::Calls,
    traffic::{AtOnce, OnItsWay, Rate},
    webhook::{Outbox, Target},
};
use connection::Key;
use expiring::{Expiring, Lookup};
use late::Late;

#[derive(Clone)]
pub(crate) struct World {
    pub(crate) config: EmulatorConfig,
    pub(crate) base_url: String,
    pub(crate) clock: Clock,
    pub(crate) ids: Ids,
    pub(crate) faults: FaultQueue,
    pub(crate) calls: Calls,
    pub(crate) rate: Rate,
    pub(crate) journal: Journal,
    pub(crate) outbox: Outbox,
    pub(crate) at_once: AtOnce,
    codes: Expiring<Grant>,
    sessions: Expiring<Session>,
    connections: HashMap<Uuid, Connection>,
    /// The live connection of each pair (and credentials, in that scope).
    open: HashMap<Key, Uuid>,
    /// The live connections of each customer, oldest first.
    customers: HashMap<String, Vec<Uuid>>,
    tokens: HashMap<String, Token>,
    /// Revoked tokens, oldest first.
    revoked: VecDeque<String>,
    tokens_made: u64,
    sandbox_made: u64,
    /// Calls that were answered and take effect later.
    late: Late,
}

impl World {
    pub(crate) fn new(config: EmulatorConfig, base_url: String, clock: Clock) -> Self {
        Self {
            clock,
            ids: Ids::new(config.seed),
            faults: FaultQueue::default(),
            calls: Calls::default(),
            rate: Rate::default(),
            journal: Journal::default(),
            outbox: Outbox::new(registered(&config)),
            at_once: AtOnce::default(),
            codes: Expiring::default(),
            sessions: Expiring::default(),
            connections: HashMap::new(),
            open: HashMap::new(),
            customers: HashMap::new(),
            tokens: HashMap::new(),
            revoked: VecDeque::new(),
            tokens_made: 0,
            sandbox_made: 0,
            late: Late::default(),
            config,
            base_url,
        }
    }

    /// Forgets everything; with a seed, all ids come again in the same order.
    pub(crate) fn reset(&mut self) {
        let base_url = std::mem::take(&mut self.base_url);
        let outbox = self.outbox.again(registered(&self.config));
        *self = Self::new(self.config.clone(), base_url, self.clock.again());
        self.outbox = outbox;
    }

    /// Counts a call as on its way: of all, of its token's, of its connection's.
    pub(crate) fn begin_call(&mut self, token: Option<&str>) -> Vec<OnItsWay> {
        let mut counted = vec![self.at_once.begin()];
        if let Some(token) = token.and_then(|token| self.tokens.get_mut(token)) {
            counted.push(token.at_once.begin());
            let connection = self.connections.get_mut(&token.connection);
            counted.extend(connection.map(|connection| connection.at_once.begin()));
        }
        counted
    }

    /// Makes an access token: the moment at which a connection comes to be.
    pub(crate) fn admit(&mut self, grant: Grant) -> (&str, &Token, &Connection) {
        let key = self.key(&grant);
        let id = match grant.reauthenticates.or_else(|| self.open.get(&key).copied()) {
            Some(id) => id,
            None => self.ids.make(Kind::Connection),
        };
        let synced = self.clock.timestamp();
        let now = self.clock.now();
        let connection = self
            .connections
            .entry(id)
            .or_insert_with(|| Connection::new(id, &grant, self.tokens_made));
        let renewed = connection.status != Status::Connected;
        connection.connected(&grant, synced);
        if renewed {
            webhooks::announce(connection, &mut self.outbox, &mut self.ids, now);
        }
        // Credentials that renew a connection belong to it from then on.
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
        connection.admit(secret.clone());
        self.tokens_made += 1;
        let token_id = self.ids.make(Kind::TokenId);
        let token = Token::new(token_id, self.tokens_made, id, grant);
        let token = self.tokens.entry(secret).insert_entry(token).into_mut();
        let secret = connection.newest().unwrap_or_default();
        (secret, token, connection)
    }

    /// A live token and its connection.
    pub(crate) fn live(&self, secret: &str) -> Option<(&Token, &Connection)> {
        let token = self.tokens.get(secret).filter(|token| !token.revoked)?;
        Some((token, self.connections.get(&token.connection)?))
    }

    /// A connection that has not been disconnected.
    pub(crate) fn live_connection(&self, id: Uuid) -> Option<&Connection> {
        self.connections.get(&id).filter(|connection| connection.is_live())
    }

    /// The newest live connection of a customer.
    pub(crate) fn connection_of_customer(&self, customer_id: &str) -> Option<Uuid> {
        self.customers.get(customer_id)?.last().copied()
    }

    /// The newest live token of a connection.
    pub(crate) fn newest_token(&self, connection: &Connection) -> Option<&Token> {
        self.tokens.get(connection.newest()?)
    }

    /// The customer of a connection, where its live tokens agree on one.
    pub(crate) fn customer_of(&self, connection: &Connection) -> Option<Customer> {
        let mut customers = connection
            .live_tokens()
            .filter_map(|secret| self.tokens.get(secret)?.grant.customer.as_ref());
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
        let mut tokens: Vec<_> =
            self.tokens.iter().map(|(secret, token)| (secret.as_str(), token)).collect();
        tokens.sort_unstable_by_key(|(_, token)| token.number);
        tokens
    }

    /// The providers that connections name and nobody lists, in the order of the alphabet.
    pub(crate) fn unlisted_providers(&self, most: usize) -> Vec<String> {
        let names = self.connections.values().map(|connection| &connection.provider);
        let unlisted = names.filter(|provider| Provider::by_id(&provider.id).is_none());
        let unlisted: BTreeSet<_> = unlisted.map(|provider| &provider.name).collect();
        unlisted.into_iter().take(most).cloned().collect()
    }

    /// A company by its id, with the name it is known by, if it is.
    pub(crate) fn company(&self, id: Uuid) -> Company {
        let known = self.connections.values().filter(|connection| connection.company.id == id);
        match known.min_by_key(|connection| connection.made_at) {
            Some(connection) => connection.company.clone(),
            None => Company { id, name: format!("Company {id}") },
        }
    }

    /// Counts the connections made through the sandbox endpoints, to name them.
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

/// The receiver of webhooks that a configuration names. It was checked when it was given.
fn registered(config: &EmulatorConfig) -> Option<Target> {
    Target::new(config.webhook.as_ref()?).ok()
}
