//! The application that a store and a client speak for.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::{Host, Url};

use crate::{Actionable, Advice, ClientId, ErrorKind};

/// One Finch application at one API origin. A store is bound to it for good: a token tried at the
/// wrong place would be "refused" there, and wiped here, while Finch goes on billing it.
///
/// Two are equal if their client ids are and their origins name one place: `localhost`, `127.0.0.1` and
/// `[::1]` are this machine, under three names.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Application {
    /// Finch's `client_id`.
    pub client_id: ClientId,
    /// Where Finch's API answers.
    pub origin: Origin,
}

impl PartialEq for Application {
    fn eq(&self, other: &Self) -> bool {
        self.client_id == other.client_id && self.origin.names_same_place(&other.origin)
    }
}

impl Eq for Application {}

impl fmt::Display for Application {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "application {} at {}", self.client_id, self.origin)
    }
}

/// An API origin: scheme, host and port, such as `https://api.tryfinch.com`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct Origin(Box<str>);

/// Why an address is not used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum AddressError {
    /// Not an absolute URL with a host.
    #[error("is not an address such as https://api.tryfinch.com")]
    NotAnAddress,
    /// Plain `http` to a host that is not this machine.
    #[error("must begin with https:// (http:// is for 127.0.0.1, [::1] and localhost only)")]
    NotHttps,
    /// Carries a user name or password.
    #[error("must not contain a user name or password")]
    Credentials,
    /// Carries a fragment.
    #[error("must not contain a fragment (#…)")]
    Fragment,
}

fn parse(address: &str) -> Result<Url, AddressError> {
    let url = Url::parse(address).map_err(|_| AddressError::NotAnAddress)?;
    let loopback = match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => return Err(AddressError::NotAnAddress),
    };
    if !(url.scheme() == "https" || (url.scheme() == "http" && loopback)) {
        return Err(AddressError::NotHttps);
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(AddressError::Credentials);
    }
    if url.fragment().is_some() {
        return Err(AddressError::Fragment);
    }
    Ok(url)
}

impl Origin {
    /// The origin of `address`; its path is left out.
    ///
    /// # Errors
    /// [`AddressError`]: not an address, or not `https` and not this machine.
    pub fn new(address: &str) -> Result<Self, AddressError> {
        Ok(Self(parse(address)?.origin().ascii_serialization().into_boxed_str()))
    }

    /// Whether a call to either reaches the same service. The names of this machine are one.
    fn names_same_place(&self, other: &Self) -> bool {
        let place = |origin: &Self| {
            let url = Url::parse(&origin.0).ok()?;
            let host = match url.host_str()? {
                "localhost" | "[::1]" => "127.0.0.1",
                host => host,
            };
            Some((url.scheme().to_owned(), host.to_owned(), url.port_or_known_default()))
        };
        self == other || place(self).is_some_and(|found| place(other) == Some(found))
    }

    /// Such as `https://api.tryfinch.com`, without a slash at the end.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl TryFrom<String> for Origin {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::new(&text)
    }
}

/// Where Finch Connect sends the person back to: `https`, or `http` on this machine. Kept exactly
/// as given, since Finch compares it as text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct RedirectUri(Box<str>);

impl RedirectUri {
    /// Checks `address` and keeps it as it is.
    ///
    /// # Errors
    /// [`AddressError`]: not an address, not `https` and not this machine, credentials, a fragment.
    pub fn new(address: &str) -> Result<Self, AddressError> {
        parse(address)?;
        Ok(Self(address.into()))
    }

    /// The address as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for RedirectUri {
    type Error = AddressError;
    fn try_from(text: String) -> Result<Self, AddressError> {
        Self::new(&text)
    }
}

impl Actionable for AddressError {
    fn advice(&self) -> Advice {
        let step = "give an address such as https://api.tryfinch.com";
        Advice::new(ErrorKind::InvalidInput, "invalid_address", step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn https_is_required_but_for_this_machine() {
        for good in [
            "https://api.tryfinch.com/x",
            "http://127.0.0.1:80",
            "http://[::1]:9",
            "http://localhost",
        ] {
            assert!(Origin::new(good).is_ok(), "{good}");
        }
        for (bad, why) in [
            ("http://api.tryfinch.com", AddressError::NotHttps),
            ("ftp://127.0.0.1", AddressError::NotHttps),
            ("http://127.0.0.1.evil.example", AddressError::NotHttps),
            ("http://localhost.evil.example", AddressError::NotHttps),
            ("https://user:pass@api.tryfinch.com", AddressError::Credentials),
            ("https://h/#f", AddressError::Fragment),
            ("api.tryfinch.com", AddressError::NotAnAddress),
            ("", AddressError::NotAnAddress),
        ] {
            assert_eq!(Origin::new(bad), Err(why), "{bad}");
        }
    }

    #[test]
    fn one_place_is_one_application() {
        let application = |address: &str| Application {
            client_id: ClientId::new("c").expect("an id"),
            origin: Origin::new(address).expect("an origin"),
        };
        assert_eq!(application("HTTPS://H.example:443/").origin.as_str(), "https://h.example");
        for (address, same, others) in [
            (
                "http://127.0.0.1:4010",
                &["http://localhost:4010", "http://[::1]:4010", "http://127.0.0.1:4010/finch/"][..],
                &["http://127.0.0.1:4011", "https://127.0.0.1:4010", "http://127.0.0.2:4010"][..],
            ),
            ("http://127.0.0.1", &["http://localhost:80"], &["http://finch.localhost"]),
            ("https://h.example", &["https://H.example:443/x/"], &["https://h2.example"]),
        ] {
            let application_of = application(address);
            same.iter().for_each(|same| assert_eq!(application(same), application_of, "{same}"));
            others.iter().for_each(|one| assert_ne!(application(one), application_of, "{one}"));
            let client_id = ClientId::new("d").expect("an id");
            assert_ne!(Application { client_id, ..application_of.clone() }, application_of);
        }
    }
}
