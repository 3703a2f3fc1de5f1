//! Why an emulator did not start.

use std::{io, net::SocketAddr};

use crate::{EmulatorConfig, WebhookError, server::is_host_name, webhook::Target};

/// Why an emulator did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EmulatorError {
    /// Another program listens on the port.
    #[error("port {} on {} is taken", address.port(), address.ip())]
    PortTaken {
        /// The address and its port.
        address: SocketAddr,
    },
    /// The system refuses the address.
    #[error("cannot listen on port {} of {}", address.port(), address.ip())]
    Listen {
        /// The address and its port.
        address: SocketAddr,
        /// The system's error.
        #[source]
        source: io::Error,
    },
    /// A client id or secret that no client can send.
    #[error("the {which} must not be empty, and a client id must not contain a colon")]
    BadCredentials {
        /// `client id` or `client secret`.
        which: &'static str,
    },
    /// An allowed host that no caller can name.
    #[error("an allowed host must be a host name, without scheme, port and path")]
    BadAllowedHost,
    /// A receiver that no webhook can be sent to.
    #[error("webhooks cannot be sent to the given receiver")]
    BadWebhook(#[source] WebhookError),
    /// The system has no thread for the server.
    #[error("cannot start the emulator's thread")]
    Thread(#[source] io::Error),
}

impl EmulatorError {
    /// What a person does now, as part of a sentence.
    pub fn next_step(&self) -> &'static str {
        match self {
            Self::PortTaken { .. } => {
                "stop what listens there, or choose another port (0 finds a free one) and keep it: a store \
                 belongs to one address of Finch"
            }
            Self::Listen { .. } => "choose another port (0 finds a free one) or another address",
            Self::BadCredentials { .. } => "choose others",
            Self::BadAllowedHost => {
                "give a host name such as finch-emulator, without scheme, port and path"
            }
            Self::BadWebhook(_) => "give another URL and secret",
            Self::Thread(_) => "try again",
        }
    }
}

pub(super) fn check(config: &EmulatorConfig) -> Result<(), EmulatorError> {
    if config.client_id.is_empty() || config.client_id.contains(':') {
        return Err(EmulatorError::BadCredentials { which: "client id" });
    }
    if config.client_secret.is_empty() {
        return Err(EmulatorError::BadCredentials { which: "client secret" });
    }
    if !config.allowed_hosts.iter().all(|name| is_host_name(name)) {
        return Err(EmulatorError::BadAllowedHost);
    }
    if let Some(webhook) = &config.webhook {
        Target::new(webhook).map_err(EmulatorError::BadWebhook)?;
    }
    Ok(())
}
