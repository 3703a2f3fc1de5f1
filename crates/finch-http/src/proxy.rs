//! The proxy between this process and Finch.

use std::{env, ffi::OsString, fmt};

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

    /// `https`: whether calls are, since each scheme has variables of its own.
    pub(crate) fn set(
        &self,
        client: ClientBuilder,
        https: bool,
    ) -> Result<ClientBuilder, ConfigError> {
        match self {
            Self::None => Ok(client.no_proxy()),
            Self::Environment => {
                check_environment(https, env::var_os)?;
                Ok(client)
            }
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

/// Checks the variable that names the proxy. reqwest passes over one that it cannot read, so that calls
/// would go to Finch directly.
fn check_environment(
    https: bool,
    variable: impl Fn(&'static str) -> Option<OsString>,
) -> Result<(), ConfigError> {
    let own = if https { ["HTTPS_PROXY", "https_proxy"] } else { ["HTTP_PROXY", "http_proxy"] };
    // Of two spellings the first that is set counts, and where it is empty, the one for all schemes.
    let named = |names: [&'static str; 2]| {
        let set = names.into_iter().find_map(|name| Some((name, variable(name)?)));
        set.filter(|(_, value)| !value.is_empty())
    };
    let Some((name, value)) = named(own).or_else(|| named(["ALL_PROXY", "all_proxy"])) else {
        return Ok(());
    };
    let url = value.to_str().map(|text| match text.contains("://") {
        true => text.to_owned(),
        false => format!("http://{text}"),
    });
    let checked = url.as_deref().ok_or(ProxyUrlError::NotAnAddress).and_then(checked);
    checked.map(drop).map_err(|source| ConfigError::ProxyVariable { name, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_variable_that_names_no_proxy_is_refused() {
        use ProxyUrlError as E;
        let stray = E::Stray(stray_characters("'").expect("it is one"));
        let good = "http://proxy.example";
        for (https, set, expected) in [
            (true, &[("HTTPS_PROXY", "socks5://127.0.0.1:1080")][..], Some(E::Scheme)),
            (true, &[("https_proxy", "ftp://127.0.0.1:1080")], Some(E::Scheme)),
            (true, &[("ALL_PROXY", "http://[bad")], Some(E::NotAnAddress)),
            (true, &[("all_proxy", "127.0.0.1:99999")], Some(E::NotAnAddress)),
            (false, &[("http_proxy", "'127.0.0.1:3128'")], Some(stray)),
            // The other scheme's, and the one for all beside the scheme's own.
            (false, &[("HTTPS_PROXY", "bogus://")], None),
            (true, &[("https_proxy", good), ("all_proxy", "bogus://")], None),
            (true, &[("HTTPS_PROXY", ""), ("https_proxy", "bogus://")], None),
            (true, &[("HTTPS_PROXY", "proxy.example:3128")], None),
            (true, &[("HTTPS_PROXY", "http://u:p@proxy.example/")], None),
        ] {
            let of =
                |name| set.iter().find(|(known, _)| *known == name).map(|(_, value)| value.into());
            let wrong = match check_environment(https, of) {
                Ok(()) => None,
                Err(ConfigError::ProxyVariable { name, source }) => Some((name, source)),
                Err(other) => panic!("{other}"),
            };
            assert_eq!(wrong, expected.map(|why| (set[0].0, why)), "{set:?}");
        }
    }
}
