//! How an emulator is set up.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr},
};

use crate::WebhookTarget;

/// What an [`Emulator`](crate::Emulator) is started with.
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
    /// Names by which callers may address it, beside `localhost` and addresses: those of a container,
    /// for example. A request whose `Host` is another is refused.
    pub allowed_hosts: Vec<String>,
    /// The client id of the one application that the emulator knows.
    pub client_id: String,
    /// What that application is called, for the people who connect to it.
    pub application: String,
    /// The secret of that application.
    pub client_secret: String,
    /// How far `POST /disconnect` reaches.
    pub disconnect_scope: DisconnectScope,
    /// With a seed, the same calls in the same order make the same ids, codes and tokens.
    /// Without one they are random.
    pub seed: Option<u64>,
    /// Where webhooks go; none are sent without it.
    pub webhook: Option<WebhookTarget>,
}

impl EmulatorConfig {
    /// The client id unless another is given.
    pub const DEFAULT_CLIENT_ID: &str = "4ab15e51-11ad-49f4-acae-f343b7794375";
    /// The client secret unless another is given: no secret at all.
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

/// How far `POST /disconnect` reaches. Finch's documents disagree; the emulator plays both.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DisconnectScope {
    /// All tokens of one provider and company share a `connection_id` and die together.
    #[default]
    Pair,
    /// Other credentials at the same provider and company get a `connection_id` of their own,
    /// and a disconnect reaches only that.
    Connection,
}
