//! Connections and their access tokens.

use uuid::Uuid;

use super::{Authentication, Company, Grant, ProviderName, entity::Entities};
use crate::{ids, traffic::AtOnce};

/// What makes two logins one connection. `credentials` counts in the `connection` scope only.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    pub(super) provider: String,
    pub(super) company: Uuid,
    pub(super) credentials: Option<String>,
}

/// A connection; its id is never used again once it has ended.
#[derive(Clone)]
pub(crate) struct Connection {
    pub(crate) id: Uuid,
    pub(crate) account_id: Uuid,
    pub(crate) provider: ProviderName,
    pub(crate) company: Company,
    pub(crate) entities: Entities,
    pub(crate) status: Status,
    /// How the last one logged in.
    pub(crate) authentication: Authentication,
    pub(crate) last_successful_sync: String,
    pub(crate) at_once: AtOnce,
    pub(super) made_at: u64,
    pub(super) keys: Vec<Key>,
    live: Vec<String>,
    kept: usize,
}

impl Connection {
    pub(super) fn new(id: Uuid, grant: &Grant, made_at: u64) -> Self {
        Self {
            id,
            account_id: ids::account_id(id),
            provider: grant.provider.clone(),
            company: grant.company.clone(),
            entities: Entities::default(),
            status: Status::Connected,
            authentication: grant.authentication,
            last_successful_sync: String::new(),
            at_once: AtOnce::default(),
            made_at,
            keys: Vec::new(),
            live: Vec::new(),
            kept: 0,
        }
    }

    pub(crate) fn is_live(&self) -> bool {
        self.status != Status::Disconnected
    }

    pub(crate) fn live_tokens(&self) -> impl Iterator<Item = &str> {
        self.live.iter().map(String::as_str)
    }

    pub(crate) fn live_count(&self) -> usize {
        self.live.len()
    }

    pub(super) fn newest(&self) -> Option<&str> {
        self.live.last().map(String::as_str)
    }

    /// Somebody logged in: whatever was wrong with the connection is right again.
    pub(super) fn connected(&mut self, grant: &Grant, at: String) {
        self.status = Status::Connected;
        self.authentication = grant.authentication;
        self.last_successful_sync = at;
        self.entities.connected(self.id, &self.company, grant);
    }

    pub(super) fn admit(&mut self, secret: String) {
        self.live.push(secret);
        self.kept += 1;
    }

    /// Ends for good; gives back what made it findable, and its tokens.
    pub(super) fn end(&mut self) -> (Vec<Key>, Vec<String>) {
        self.status = Status::Disconnected;
        (std::mem::take(&mut self.keys), std::mem::take(&mut self.live))
    }

    /// One of its revoked tokens is forgotten. Was it the last?
    pub(super) fn forget_one(&mut self) -> bool {
        self.kept -= 1;
        self.kept == 0
    }
}

/// An access token, without its secret.
#[derive(Clone)]
pub(crate) struct Token {
    /// The id that `/introspect` shows.
    pub(crate) id: Uuid,
    pub(crate) connection: Uuid,
    pub(crate) grant: Grant,
    pub(crate) revoked: bool,
    pub(crate) at_once: AtOnce,
    pub(super) number: u64,
}

impl Token {
    pub(super) fn new(id: Uuid, number: u64, connection: Uuid, grant: Grant) -> Self {
        Self { id, connection, grant, revoked: false, at_once: AtOnce::default(), number }
    }
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Status {
    Pending,
    Processing,
    Connected,
    ErrorNoAccountSetup,
    ErrorPermissions,
    Reauth,
    Disconnected,
}

impl Status {
    /// What `PUT /sandbox/connections/accounts` can set.
    pub(crate) const SETTABLE: [Self; 6] = [
        Self::Pending,
        Self::Processing,
        Self::Connected,
        Self::ErrorNoAccountSetup,
        Self::ErrorPermissions,
        Self::Reauth,
    ];

    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Processing => "processing",
            Self::Connected => "connected",
            Self::ErrorNoAccountSetup => "error_no_account_setup",
            Self::ErrorPermissions => "error_permissions",
            Self::Reauth => "reauth",
            Self::Disconnected => "disconnected",
        }
    }

    /// How a page shows it: as good, as something to do, or as over.
    pub(crate) fn tone(self) -> &'static str {
        match self {
            Self::Connected => "good",
            Self::Disconnected => "over",
            Self::Pending | Self::Processing => "plain",
            Self::ErrorNoAccountSetup | Self::ErrorPermissions | Self::Reauth => "warn",
        }
    }

    /// What Finch says beside the status.
    pub(crate) fn message(self) -> Option<&'static str> {
        match self {
            Self::Connected | Self::Disconnected => None,
            Self::Pending => Some("Waiting for access to the provider"),
            Self::Processing => Some("The first data are being read"),
            Self::ErrorNoAccountSetup => Some("No invitation received from the provider"),
            Self::ErrorPermissions => Some("The account lacks permissions at the provider"),
            Self::Reauth => Some("Please reauthenticate user"),
        }
    }
}
