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
    /// Where Finch Connect is. Default: at Finch; for another API origin than Finch's own, there.
    pub connect_origin: Option<Origin>,
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
            connect_origin: None,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn address(public_url: &str) -> PublicAddress {
        PublicAddress::new(public_url).expect("an address")
    }

    #[test]
    fn links_are_made_of_the_public_address() {
        let https = address("https://Example.com:443/a/b/");
        assert_eq!((https.page(), https.base.as_str()), ("/a/b", "/a/b"));
        assert_eq!(https.callback.as_str(), "https://example.com/a/b/callback");
        assert!(https.is_https());
        let root = address("http://127.0.0.1:3000");
        assert_eq!((root.page(), root.base.as_str()), ("/", ""));
        assert_eq!(root.callback.as_str(), "http://127.0.0.1:3000/callback");
        assert!(!root.is_https());
    }

    #[test]
    fn an_address_that_browsers_cannot_be_sent_to_is_refused() {
        for bad in ["", "/payroll", "http://example.com/", "https://u:p@example.com/"] {
            assert!(matches!(PublicAddress::new(bad), Err(OptionsError::Address(_))), "{bad}");
        }
        assert!(matches!(PublicAddress::new("https://example.com/?a"), Err(OptionsError::Query)));
        let two = PublicAddress::new("https://example.com//evil.example/");
        assert!(matches!(two, Err(OptionsError::TwoSlashes)), "{two:?}");
        let none = Options::new("https://example.com/", "Payday", Vec::new());
        assert!(matches!(none, Err(OptionsError::NoProducts)));
    }
}
