//! What a client needs to know before it can speak.

use std::{error::Error, fmt, time::Duration};

use finch_core::{
    Actionable, AddressError, Advice, ClientId, ClientSecret, ErrorKind, Origin, StrayCharacters,
    stray_characters,
};
use reqwest::Url;
use thiserror::Error;

use crate::{Proxy, ProxyUrlError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// The least room for an answer: an exchange's must always fit, since its token is billed.
const MIN_BODY: usize = 16 * 1024;

/// How to reach Finch, and as which application.
#[derive(Clone)]
pub struct HttpFinchConfig {
    /// The application.
    pub client_id: ClientId,
    /// Its secret.
    pub client_secret: ClientSecret,
    /// Where Finch's API answers: `https`, or `http` on this machine. A path is kept as a prefix.
    pub base_url: String,
    /// How long making a connection may take.
    pub connect_timeout: Duration,
    /// How long a call may take as a whole, its repetitions and waits included.
    pub timeout: Duration,
    /// How many bytes of an answer are read, at least 16 KiB.
    pub max_body: usize,
    /// How often a call that may be repeated is repeated.
    pub retries: u32,
    /// The longest wait before the first repetition; it doubles with each, and the wait is random below it.
    pub backoff: Duration,
    /// The longest such wait.
    pub max_backoff: Duration,
    /// The longest `Retry-After` that a call waits for; a longer one is left to the caller.
    pub max_retry_after: Duration,
    /// The proxy that calls go through.
    pub proxy: Proxy,
}

impl HttpFinchConfig {
    /// Finch itself, with the timeouts and repetitions of Finch's own clients.
    pub fn new(client_id: ClientId, client_secret: ClientSecret) -> Self {
        Self {
            client_id,
            client_secret,
            base_url: "https://api.tryfinch.com".to_owned(),
            connect_timeout: Duration::from_secs(5),
            timeout: Duration::from_secs(60),
            max_body: 1024 * 1024,
            retries: 2,
            backoff: Duration::from_millis(500),
            max_backoff: Duration::from_secs(8),
            max_retry_after: Duration::from_secs(30),
            proxy: Proxy::None,
        }
    }

    /// The base address, checked, without a slash at its end.
    pub(crate) fn base(&self) -> Result<(Origin, String), ConfigError> {
        let origin = Origin::new(&self.base_url).map_err(ConfigError::BaseUrl)?;
        let url = Url::parse(&self.base_url)
            .map_err(|_| ConfigError::BaseUrl(AddressError::NotAnAddress))?;
        if url.query().is_some() {
            return Err(ConfigError::BaseUrlQuery);
        }
        let base = format!("{origin}{}", url.path().trim_end_matches('/'));
        Ok((origin, base))
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "EXPOSE: looked at for what does not belong to it"
    )]
    pub(crate) fn check(&self) -> Result<(), ConfigError> {
        for (setting, value) in [
            ("client_id", self.client_id.as_str()),
            ("client_secret", self.client_secret.expose()),
            ("base_url", &self.base_url),
        ] {
            if let Some(source) = stray_characters(value) {
                return Err(ConfigError::Stray { setting, source });
            }
        }
        if self.client_id.as_str().contains(':') {
            return Err(ConfigError::ClientId);
        }
        for (name, value) in [("connect_timeout", self.connect_timeout), ("timeout", self.timeout)]
        {
            if value.is_zero() || value > DAY {
                return Err(ConfigError::Timeout(name));
            }
        }
        if self.max_body < MIN_BODY {
            return Err(ConfigError::MaxBody);
        }
        Ok(())
    }
}

/// Shows everything but the secret, and of the address only the origin: it may hold a password
/// before it is checked.
impl fmt::Debug for HttpFinchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Taken apart so that a new field cannot be forgotten here.
        let Self {
            client_id,
            client_secret,
            base_url,
            connect_timeout,
            timeout,
            max_body,
            retries,
            backoff,
            max_backoff,
            max_retry_after,
            proxy,
        } = self;
        f.debug_struct("HttpFinchConfig")
            .field("client_id", client_id)
            .field("client_secret", client_secret)
            .field("base_url", &Origin::new(base_url))
            .field("connect_timeout", connect_timeout)
            .field("timeout", timeout)
            .field("max_body", max_body)
            .field("retries", retries)
            .field("backoff", backoff)
            .field("max_backoff", max_backoff)
            .field("max_retry_after", max_retry_after)
            .field("proxy", proxy)
            .finish()
    }
}

/// Why there is no client. Nothing was sent.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// Quotation marks, white space or control characters that are not part of the value.
    #[error("{setting} holds characters that are not part of its value")]
    Stray {
        /// The field of the configuration.
        setting: &'static str,
        /// What was found.
        source: StrayCharacters,
    },
    /// The base address is not one that secrets may go to.
    #[error("the base URL cannot be used")]
    BaseUrl(#[source] AddressError),
    /// The base address has a query.
    #[error("the base URL must not contain a query")]
    BaseUrlQuery,
    /// HTTP's Basic authentication cannot carry it.
    #[error("the client id must not contain a colon")]
    ClientId,
    /// Out of range.
    #[error("{0} must be more than nothing and at most a day")]
    Timeout(&'static str),
    /// Too small for an exchange's answer.
    #[error("max_body must be at least 16384 bytes, so that no token is lost for want of room")]
    MaxBody,
    /// No proxy has such an address.
    #[error("the proxy's URL cannot be used")]
    Proxy(#[source] ProxyUrlError),
    /// A variable of the environment, which is to name the proxy, names none.
    #[error("the proxy that {name} names cannot be used")]
    ProxyVariable {
        /// The variable.
        name: &'static str,
        /// What is wrong with its value.
        source: ProxyUrlError,
    },
    /// The HTTP client cannot be made.
    #[error("the HTTP client cannot be made")]
    Client(#[source] Box<dyn Error + Send + Sync>),
}

impl Actionable for ConfigError {
    fn advice(&self) -> Advice {
        const PROXY: &str = "give http://HOST:PORT, with USER:PASSWORD@ before the host where the proxy asks for them";
        let (code, step) = match self {
            Self::Stray { .. } => (
                "setting",
                "give the value alone; in an env file write NAME=value without quotation marks or spaces",
            ),
            Self::BaseUrl(_) => ("base_url", "give an address such as https://api.tryfinch.com"),
            Self::BaseUrlQuery => ("base_url", "leave out everything from the question mark on"),
            Self::ClientId => ("client_id", "copy it from Finch's dashboard"),
            Self::Timeout(_) => ("timeout", "give a duration of at most a day"),
            Self::MaxBody => ("max_body", "give a larger one"),
            Self::Proxy(_) | Self::ProxyVariable { .. } => ("proxy", PROXY),
            Self::Client(_) => (
                "http_client",
                "for https, install the system's CA certificates (ca-certificates), or check the file that \
                 SSL_CERT_FILE names",
            ),
        };
        Advice::new(ErrorKind::InvalidInput, code, step)
    }
}
