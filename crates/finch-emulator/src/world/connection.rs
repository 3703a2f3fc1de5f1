//! Connections and their access tokens.

use uuid::Uuid;

use super::{
    Authentication, Company, Grant, InFlight, ProviderName, Status, entity::Entities,
    ids::account_id,
};

/// Logins with equal keys share a connection. `credentials` is set in the `connection` scope only.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) provider: String,
    pub(super) company: Uuid,
    pub(super) credentials: Option<String>,
}

/// A connection. Its id is never used again after its end.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) provider: ProviderName,
    pub(crate) company: Company,
    pub(crate) entities: Entities,
    pub(crate) status: Status,
    /// The method of the last login.
    pub(crate) authentication: Authentication,
    pub(crate) last_successful_sync: String,
    pub(crate) in_flight: InFlight,
    /// The number of tokens that were created before it.
    pub(super) made_at: u64,
    pub(super) keys: Vec<Key>,
    /// The secrets of its live tokens, oldest first.
    pub(super) live: Vec<String>,
    /// The number of its tokens that are remembered, live or revoked.
    pub(super) remembered: usize,
}

impl Connection {
    pub(super) fn new(id: Uuid, grant: &Grant, made_at: u64) -> Self {
        Self {
            id,
            account_id: account_id(id),
            provider: grant.provider.clone(),
            company: grant.company.clone(),
            entities: Entities::default(),
            status: Status::Connected,
            authentication: grant.authentication,
            last_successful_sync: String::new(),
            in_flight: InFlight::default(),
            made_at,
            keys: Vec::new(),
            live: Vec::new(),
            remembered: 0,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.status != Status::Disconnected
    }

    pub(crate) fn live_tokens(&self) -> &[String] {
        &self.live
    }

    /// A login makes the connection `connected`, whatever its status was.
    pub(super) fn connected(&mut self, grant: &Grant, at: String) {
        self.status = Status::Connected;
        self.authentication = grant.authentication;
        self.last_successful_sync = at;
        self.entities.connected(self.id, &self.company, grant);
    }
}

/// An access token, without its secret.
#[derive(Clone)]
pub(crate) struct Token {
    /// The id in the answer of `/introspect`.
    pub(crate) id: Uuid,
    pub(crate) connection: Uuid,
    pub(crate) grant: Grant,
    pub(crate) revoked: bool,
    pub(crate) in_flight: InFlight,
    pub(super) number: u64,
}
