//! The configuration of a client, and its checks.

use std::{error::Error, fmt, time::Duration};

use finch_core::{
    Actionable, AddressError, Advice, Backoff, ClientId, ClientSecret, ErrorKind, Origin,
    StrayCharacters, stray_characters,
};
use reqwest::Url;
use thiserror::Error;

use crate::{Proxy, ProxyUrlError};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const A_DAY: &str = "must be more than nothing and at most a day";

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
    /// The maximum number of repetitions of a call that may be repeated.
    pub retries: u32,
    /// How long to wait before a repetition: at random, up to a limit that doubles each time ([`Backoff`]).
    pub backoff: Backoff,
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
            backoff: Backoff { first: Duration::from_millis(500), longest: Duration::from_secs(8) },
            max_retry_after: Duration::from_secs(30),
            proxy: Proxy::None,
        }
    }

    /// The base address, checked.
    pub(crate) fn base(&self) -> Result<(Origin, Url), ConfigError> {
        let origin = Origin::new(&self.base_url).map_err(ConfigError::BaseUrl)?;
        let url = Url::parse(&self.base_url)
            .map_err(|_| ConfigError::BaseUrl(AddressError::NotAnAddress))?;
        match url.query() {
            Some(_) => Err(ConfigError::Invalid("base_url", "must not contain a query")),
            None => Ok((origin, url)),
        }
    }

    #[expect(clippy::disallowed_methods, reason = "EXPOSE: searched for stray characters")]
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
        let is_duration = |value: Duration| !value.is_zero() && value <= DAY;
        for (setting, is_good, rule) in [
            ("client_id", !self.client_id.as_str().contains(':'), "must not contain a colon"),
            ("connect_timeout", is_duration(self.connect_timeout), A_DAY),
            ("timeout", is_duration(self.timeout), A_DAY),
            ("max_body", self.max_body >= MIN_BODY, "must be at least 16384 bytes, for a token"),
        ] {
            if !is_good {
                return Err(ConfigError::Invalid(setting, rule));
            }
        }
        Ok(())
    }
}

/// Which application, and where: of the address only the origin, since it may hold a password before it is
/// checked.
impl fmt::Debug for HttpFinchConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFinchConfig")
            .field("client_id", &self.client_id)
            .field("base_url", &Origin::new(&self.base_url))
            .finish_non_exhaustive()
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
    /// The field of this name has a value that it must not have.
    #[error("{0} {1}")]
    Invalid(&'static str, &'static str),
    /// It is not a proxy's address.
    #[error("the proxy's URL cannot be used")]
    Proxy(#[source] ProxyUrlError),
    /// The environment variable that names the proxy has a value that is not a proxy's address.
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
            Self::Invalid(setting, _) => (*setting, "correct the value"),
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
