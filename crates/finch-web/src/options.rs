//! What a host decides once.

use std::collections::BTreeMap;

use finch_app::{Product, ProviderId, RedirectUri};
use finch_core::{AddressError, Origin};
use thiserror::Error;
use url::Url;

/// What a host decides once, when it mounts the pages.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Options {
    pub(crate) address: PublicAddress,
    /// What the application is called, for people.
    pub application: String,
    /// What to ask for in a new connection.
    pub products: Vec<Product>,
    /// How people go through Finch Connect. Default: by redirect.
    pub flow: ConnectFlow,
    /// Where people get help: an e-mail address, or an address that begins with `https://`.
    pub support: Option<String>,
    /// The way back to the application: a path, or an address.
    pub home: Option<String>,
    /// What providers are called, where that is not what their ids say.
    pub provider_names: BTreeMap<ProviderId, String>,
    /// Finch's sandbox: `finch` or `provider`; none for real data.
    pub sandbox: Option<String>,
    /// What the webhook needs: without it there is none.
    #[cfg(feature = "webhooks")]
    pub webhooks: Option<crate::Webhooks>,
}

/// How people go through Finch Connect.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ConnectFlow {
    /// The browser goes to Finch's page, which sends it back to `…/callback`. Register that address with
    /// Finch. No script is needed.
    #[default]
    Redirect,
    /// A page of the host's own opens Finch's JavaScript in it.
    Embedded {
        /// That page: a path, or an address of the same origin as the public one, since only there its
        /// script may call these pages. To renew a connection it is opened with `?connection=…`.
        page: String,
    },
}

/// Where the pages are, as browsers see it.
#[derive(Clone, Debug)]
pub(crate) struct PublicAddress {
    pub(crate) origin: Origin,
    /// The path without a slash at its end: empty at the root.
    pub(crate) base: String,
    pub(crate) callback: RedirectUri,
}

/// Why the options do not hold.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum OptionsError {
    /// The address is none that browsers can be sent to.
    #[error("the public address {0}")]
    Address(AddressError),
    /// The path begins with two slashes: browsers would take what follows for a host.
    #[error("the public address has // before its path: leave one out")]
    TwoSlashes,
    /// The address has a query.
    #[error("the public address must not contain a query (?…)")]
    Query,
    /// No product was named.
    #[error("name at least one product to ask for, such as company or directory")]
    NoProducts,
}

impl Options {
    /// Options for pages that browsers find at `public_url`, such as
    /// `https://app.example.com/settings/payroll`: the address outside of every proxy, with the path
    /// under which the router is mounted. All links are made of it, and nothing is made of a request's
    /// `Host`.
    ///
    /// # Errors
    /// [`OptionsError`].
    pub fn new(
        public_url: &str,
        application: impl Into<String>,
        products: Vec<Product>,
    ) -> Result<Self, OptionsError> {
        if products.is_empty() {
            return Err(OptionsError::NoProducts);
        }
        Ok(Self {
            address: PublicAddress::new(public_url)?,
            application: application.into(),
            products,
            flow: ConnectFlow::default(),
            support: None,
            home: None,
            provider_names: BTreeMap::new(),
            sandbox: None,
            #[cfg(feature = "webhooks")]
            webhooks: None,
        })
    }

    /// Where Finch Connect sends browsers back to: to be registered with Finch.
    pub fn redirect_uri(&self) -> &RedirectUri {
        &self.address.callback
    }
}

impl PublicAddress {
    fn new(public_url: &str) -> Result<Self, OptionsError> {
        let origin = Origin::new(public_url).map_err(OptionsError::Address)?;
        let url = Url::parse(public_url)
            .map_err(|_| OptionsError::Address(AddressError::NotAnAddress))?;
        if url.query().is_some() {
            return Err(OptionsError::Query);
        }
        let base = url.path().trim_end_matches('/').to_owned();
        if base.starts_with("//") {
            return Err(OptionsError::TwoSlashes);
        }
        let callback = RedirectUri::new(&format!("{origin}{base}/callback"));
        Ok(Self { callback: callback.map_err(OptionsError::Address)?, origin, base })
    }

    /// Whether browsers keep what is sent there from others on the way.
    pub(crate) fn is_https(&self) -> bool {
        self.origin.as_str().starts_with("https://")
    }

    /// The connections page.
    pub(crate) fn page(&self) -> &str {
        if self.base.is_empty() { "/" } else { &self.base }
    }
}
