//! Which requests are accepted, by the host they name and the origin they come from.

use std::net::IpAddr;

use hyper::{
    Method,
    header::{HOST, HeaderName, ORIGIN},
};

use crate::{
    EmulatorConfig,
    http::{ApiError, Request},
};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The check of every request, before it is counted or answered.
///
/// To a browser, a page whose name points at this machine (DNS rebinding) has the emulator's origin. Only
/// `Host` reveals it: it holds that name instead of an address.
#[derive(Debug, Clone)]
pub(crate) struct Gate {
    any_address: bool,
    names: Vec<String>,
}

impl Gate {
    pub(crate) fn new(config: &EmulatorConfig) -> Self {
        Self {
            any_address: !is_loopback(config.host),
            names: config.allowed_hosts.iter().map(|name| normalized(name)).collect(),
        }
    }

    pub(crate) fn check(&self, request: &Request) -> Result<(), ApiError> {
        let hosts = request.hosts();
        if hosts.is_empty() {
            return Err(ApiError::no_host());
        }
        if let Some(other) = hosts.into_iter().find(|host| !self.allows(host)) {
            return Err(ApiError::other_host(without_port(other)));
        }
        if is_cross_site(request) { Err(ApiError::cross_site()) } else { Ok(()) }
    }

    fn allows(&self, host: &str) -> bool {
        let name = normalized(without_port(host));
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        let is_address = match bare.parse() {
            Ok(address) => self.any_address || is_loopback(address),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        is_address || self.names.contains(&name)
    }
}

pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a text is a host name, without scheme, port and path.
pub(crate) fn is_host_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=253).contains(&text.len()) && text.chars().all(allowed)
}

/// Case and the dot of the root do not matter.
fn normalized(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a browser says that a page of another origin sent a request that changes something.
fn is_cross_site(request: &Request) -> bool {
    if matches!(request.method(), &Method::GET | &Method::HEAD | &Method::OPTIONS) {
        return false;
    }
    if let Some(site) = request.header(&SEC_FETCH_SITE) {
        return !matches!(site, "same-origin" | "none");
    }
    match (request.header(&ORIGIN), request.header(&HOST)) {
        (None, _) => false,
        // Older browsers send no other origin from Connect's pages, which have no referrer.
        (Some("null"), _) => request.path() != "/authorize",
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, own)| own != host),
        (Some(_), None) => true,
    }
}
