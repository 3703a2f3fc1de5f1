//! The configuration of an emulator.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use crate::WebhookTarget;

/// The configuration of an emulator.
///
/// ```
/// # use finch_emulator::{DisconnectScope, EmulatorConfig};
/// let config = EmulatorConfig {
///     disconnect_scope: DisconnectScope::Connection,
///     seed: Some(7),
///     ..EmulatorConfig::default()
/// };
/// ```
#[derive(Clone)]
pub struct EmulatorConfig {
    /// The address to listen on: loopback, unless other machines or containers are to reach it.
    pub host: IpAddr,
    /// The port to listen on; 0 finds a free one.
    pub port: u16,
    /// The host names by which callers may address it, beside `localhost` and addresses: that of a
    /// container, for example. Requests with another `Host` are refused.
    pub allowed_hosts: Vec<String>,
    /// The client id of the one application.
    pub client_id: String,
    /// The name of the application in Connect.
    pub application: String,
    /// The client secret of the application.
    pub client_secret: String,
    /// Which tokens `POST /disconnect` ends.
    pub disconnect_scope: DisconnectScope,
    /// With a seed, equal requests in equal order get equal ids, codes and tokens. Without one they are
    /// random.
    pub seed: Option<u64>,
    /// The receiver of webhooks.
    pub webhook: Option<WebhookTarget>,
}

impl EmulatorConfig {
    /// The client id unless another is given.
    pub const DEFAULT_CLIENT_ID: &str = "4ab15e51-11ad-49f4-acae-f343b7794375";
    /// The client secret unless another is given.
    pub const DEFAULT_CLIENT_SECRET: &str = "finch-secret-sandbox-emulator";
}

impl Default for EmulatorConfig {
    fn default() -> Self {
        Self {
            host: Ipv4Addr::LOCALHOST.into(),
            port: 0,
            allowed_hosts: Vec::new(),
            client_id: Self::DEFAULT_CLIENT_ID.to_owned(),
            application: "Your application".to_owned(),
            client_secret: Self::DEFAULT_CLIENT_SECRET.to_owned(),
            disconnect_scope: DisconnectScope::default(),
            seed: None,
            webhook: None,
        }
    }
}

impl fmt::Debug for EmulatorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EmulatorConfig")
            .field("host", &self.host)
            .field("port", &self.port)
            .field("allowed_hosts", &self.allowed_hosts)
            .field("client_id", &self.client_id)
            .field("application", &self.application)
            .field("disconnect_scope", &self.disconnect_scope)
            .field("seed", &self.seed)
            .field("webhook", &self.webhook)
            .finish_non_exhaustive()
    }
}

/// Which tokens `POST /disconnect` ends. Finch's documents disagree; the emulator has both readings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectScope {
    /// Those of a provider and company, which share a `connection_id`.
    #[default]
    Pair,
    /// Those of a connection: other credentials at the same provider and company have a `connection_id`
    /// of their own.
    Connection,
}
