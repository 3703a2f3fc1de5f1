//! Which requests the server takes: those that name it as their host, and whose sender is not a page of
//! another origin.

use std::net::IpAddr;

use hyper::{
    Method,
    header::{HOST, HeaderName, ORIGIN},
};

use crate::{EmulatorConfig, call::Call, refusal::Refusal};

const SEC_FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");

/// The check of every request, before it is counted or answered.
///
/// A page whose name its owner points at this machine (DNS rebinding) has the emulator's origin in a
/// browser's eyes. Only `Host` gives it away: it holds that name, and never an address.
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

    /// # Errors
    /// What the caller gets instead of an answer.
    pub(crate) fn check(&self, call: &Call) -> Result<(), Refusal> {
        let hosts = call.hosts();
        if hosts.is_empty() {
            return Err(Refusal::no_host());
        }
        if let Some(other) = hosts.into_iter().find(|host| !self.allows(host)) {
            return Err(Refusal::other_host(without_port(other)));
        }
        if is_foreign(call) { Err(Refusal::foreign()) } else { Ok(()) }
    }

    fn allows(&self, host: &str) -> bool {
        let name = normalized(without_port(host));
        let bare = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(&name);
        let reaches_us = match bare.parse() {
            Ok(address) => self.any_address || is_loopback(address),
            Err(_) => name == "localhost" || name.ends_with(".localhost"),
        };
        reaches_us || self.names.contains(&name)
    }
}

/// Whether a host can be reached from this machine only.
pub(crate) fn is_loopback(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Whether a text is a host's name, without scheme, port and path.
pub(crate) fn is_host_name(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || "-_.".contains(c);
    (1..=253).contains(&text.len()) && text.chars().all(allowed)
}

/// Names have no case, and may end with the root's dot.
fn normalized(name: &str) -> String {
    name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase()
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a browser says that a page of another origin wants to change something.
fn is_foreign(call: &Call) -> bool {
    if matches!(call.method, Method::GET | Method::HEAD | Method::OPTIONS) {
        return false;
    }
    if let Some(site) = call.header(&SEC_FETCH_SITE) {
        return !matches!(site, "same-origin" | "none");
    }
    match (call.header(&ORIGIN), call.header(&HOST)) {
        (None, _) => false,
        // Connect's pages send no referrer, and older browsers then hide even their own origin.
        (Some("null"), _) => call.path() != "/authorize",
        (Some(origin), Some(host)) => origin.split_once("://").is_none_or(|(_, own)| own != host),
        (Some(_), None) => true,
    }
}
