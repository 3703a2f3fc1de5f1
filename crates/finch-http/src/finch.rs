//! The adapter itself.

use std::{fmt, time::Duration};

use base64::{Engine, engine::general_purpose::STANDARD};
use finch_core::Application;
use reqwest::{
    Client, Url,
    header::{ACCEPT, ACCEPT_ENCODING, HeaderMap, HeaderName, HeaderValue, USER_AGENT},
    redirect, retry,
};
use zeroize::Zeroizing;

use crate::{ConfigError, HttpFinchConfig, transport::Carrier};

/// Connections stay open this long when nothing is asked: less than the five seconds after which the
/// hastiest servers close theirs, so that no code goes out on a connection that is about to close.
const IDLE: Duration = Duration::from_secs(4);

/// How many headers of an answer are read. Room for all of them is made for each answer.
const MAX_HEADERS: usize = 256;

/// Finch over HTTP. One instance serves all tasks: it keeps its connections open between calls.
pub struct HttpFinch {
    pub(crate) application: Application,
    pub(crate) config: HttpFinchConfig,
    pub(crate) carrier: Carrier,
    pub(crate) basic: HeaderValue,
    /// The paths of the calls are below this.
    pub(crate) base: Url,
}

impl HttpFinch {
    /// Checks the configuration and makes a client. Nothing is sent yet.
    ///
    /// # Errors
    /// [`ConfigError`] says what to change.
    pub fn new(config: HttpFinchConfig) -> Result<Self, ConfigError> {
        Self::carried(config, |config, https| client(config, https).map(Carrier::Network))
    }

    /// `by` makes the carrier; its second argument is whether the calls go over https.
    pub(crate) fn carried(
        config: HttpFinchConfig,
        by: impl FnOnce(&HttpFinchConfig, bool) -> Result<Carrier, ConfigError>,
    ) -> Result<Self, ConfigError> {
        config.check()?;
        let (origin, base) = config.base()?;
        Ok(Self {
            application: Application { client_id: config.client_id.clone(), origin },
            carrier: by(&config, base.scheme() == "https")?,
            basic: basic(&config)?,
            base,
            config,
        })
    }
}

fn client(config: &HttpFinchConfig, https: bool) -> Result<Client, ConfigError> {
    let always = HeaderMap::from_iter([
        (HeaderName::from_static("finch-api-version"), HeaderValue::from_static("2020-09-17")),
        (ACCEPT, HeaderValue::from_static("application/json")),
        (ACCEPT_ENCODING, HeaderValue::from_static("identity")),
        (USER_AGENT, HeaderValue::from_static(concat!("finch-http/", env!("CARGO_PKG_VERSION")))),
    ]);
    let mut client = Client::builder()
        .default_headers(always)
        .connect_timeout(config.connect_timeout)
        .pool_idle_timeout(IDLE)
        .redirect(redirect::Policy::none())
        // `send` alone decides what is repeated. (hyper-util still moves a request from a kept
        // connection that closed before taking it to a new one; not a byte of it has gone out then.)
        .retry(retry::never())
        // Whatever features other crates switch on in reqwest.
        .http1_only()
        .no_gzip()
        .no_brotli()
        .no_zstd()
        .no_deflate()
        // An answer is not lost over a header that nothing here needs.
        .http1_ignore_invalid_headers_in_responses(true)
        .http1_allow_spaces_after_header_name_in_responses(true)
        .http1_allow_obsolete_multiline_headers_in_responses(true)
        .http1_max_headers(MAX_HEADERS)
        .https_only(https);
    client = config.proxy.set(client, https)?;
    if !https && !config.proxy.may_be_used() {
        // No certificate is ever looked at, and a bare machine has none.
        client = client.tls_certs_only([]);
    }
    client.build().map_err(|e| ConfigError::Client(Box::new(e.without_url())))
}

#[expect(clippy::disallowed_methods, reason = "EXPOSE: Basic authentication of the sessions")]
fn basic(config: &HttpFinchConfig) -> Result<HeaderValue, ConfigError> {
    let pair = Zeroizing::new(format!("{}:{}", config.client_id, config.client_secret.expose()));
    let header = format!("Basic {}", Zeroizing::new(STANDARD.encode(pair.as_bytes())).as_str());
    crate::call::secret_header(header).map_err(|e| ConfigError::Client(Box::new(e)))
}

impl fmt::Debug for HttpFinch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpFinch").field("application", &self.application).finish_non_exhaustive()
    }
}
