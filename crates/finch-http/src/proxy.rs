//! The proxy between this process and Finch.

use std::fmt;

use finch_core::{StrayCharacters, stray_characters};
use reqwest::{ClientBuilder, Url};
use thiserror::Error;

use crate::ConfigError;

/// The proxy that calls go through. What is for `https` passes it as a tunnel (`CONNECT`): it sees Finch's
/// host name, and no secret. The default is none, whatever the environment says.
#[derive(Clone, Default)]
#[non_exhaustive]
pub enum Proxy {
    /// No proxy.
    #[default]
    None,
    /// The one that `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY` name, if they name one.
    Environment,
    /// The one at this address: `http://` or `https://`, a host and a port; with `user:password@` where it
    /// asks for them.
    Url(String),
}

/// The address may hold a password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::Environment => "Environment",
            Self::Url(_) => "Url(redacted)",
        })
    }
}

/// Why an address is not a proxy's. It is not repeated: it may hold a password.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ProxyUrlError {
    /// Characters around it.
    #[error("it {0}")]
    Stray(StrayCharacters),
    /// Not an absolute URL with a host.
    #[error("it is not an address such as http://proxy.example:3128")]
    NotAnAddress,
    /// Another kind of proxy.
    #[error("it must begin with http:// or https://: no other kind of proxy is known")]
    Scheme,
    /// More than an address.
    #[error("it must end with the host or its port: no path, query or fragment")]
    Path,
}

impl Proxy {
    /// Whether a call may go through one.
    pub(crate) fn may_be_used(&self) -> bool {
        !matches!(self, Self::None)
    }

    pub(crate) fn set(&self, client: ClientBuilder) -> Result<ClientBuilder, ConfigError> {
        match self {
            Self::None => Ok(client.no_proxy()),
            Self::Environment => Ok(client),
            Self::Url(url) => {
                let url = checked(url).map_err(ConfigError::Proxy)?;
                let proxy = reqwest::Proxy::all(url)
                    .map_err(|_| ConfigError::Proxy(ProxyUrlError::NotAnAddress))?;
                // One that is given takes the place of the environment's.
                Ok(client.proxy(proxy))
            }
        }
    }
}

fn checked(text: &str) -> Result<Url, ProxyUrlError> {
    if let Some(stray) = stray_characters(text) {
        return Err(ProxyUrlError::Stray(stray));
    }
    let url = Url::parse(text).map_err(|_| ProxyUrlError::NotAnAddress)?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(ProxyUrlError::Scheme);
    }
    if url.path() != "/" || url.query().is_some() || url.fragment().is_some() {
        return Err(ProxyUrlError::Path);
    }
    Ok(url)
}
