//! What a host writes into its configuration: addresses, ids, times.

use std::time::Duration;

use finch_core::{
    ClientId, ClientSecret, CompanyId, ConnectionId, CustomerId, FinchCustomerId, IdError,
    MAX_ID_BYTES, OperatorName, Origin, ProviderId, RedirectUri, RequestId, is_invisible,
};
use finch_http::{HttpFinch, HttpFinchConfig, Proxy};

use crate::{
    Target,
    canary::{SECRET, TOKEN, chain, debug, filled, hidden},
    note,
};

pub(crate) const TARGET: Target = Target {
    name: "configuration",
    run: configuration,
    reaches: "configuration: a client; configuration: no client; configuration: redirect URI; \
        configuration: no redirect URI; configuration: id; configuration: no id",
};

/// One setting a line: its name, a space, its value.
fn configuration(data: &[u8]) {
    let data = filled(data, &[("@SECRET@", SECRET)]);
    let text = String::from_utf8_lossy(&data);
    let secret = ClientSecret::new(TOKEN);
    let mut config = HttpFinchConfig::new("client".parse().unwrap(), secret);
    config.base_url = "http://127.0.0.1:1".to_owned();
    for line in text.split('\n') {
        let (name, value) = line.split_once(' ').unwrap_or((line, ""));
        let number = || value.parse().unwrap_or(u64::MAX);
        match name {
            "base_url" => config.base_url = value.to_owned(),
            "client_id" => match value.parse() {
                Ok(id) => config.client_id = id,
                Err(error) => no_id(&error, value),
            },
            "client_secret" => config.client_secret = ClientSecret::new(format!("{TOKEN}{value}")),
            "connect_timeout" => config.connect_timeout = Duration::from_millis(number()),
            "timeout" => config.timeout = Duration::from_secs(number()),
            "max_body" => config.max_body = usize::try_from(number()).unwrap_or(usize::MAX),
            "retries" => config.retries = u32::try_from(number()).unwrap_or(u32::MAX),
            "backoff" => config.backoff = Duration::from_millis(number()),
            "redirect_uri" => redirect_uri(value),
            _ => ids(value),
        }
    }
    client(config);
}

fn client(config: HttpFinchConfig) {
    let base_url = config.base_url.clone();
    hidden(&debug(&config), &[TOKEN]);
    if !config.client_id.as_str().contains(SECRET) && !host_shows(&base_url) {
        hidden(&debug(&config), &[SECRET]);
    }
    // Making a client of https reads the machine's certificates, which takes long: the check that
    // comes before it is enough here.
    let config = HttpFinchConfig { proxy: Proxy::None, ..config };
    let loopback = base_url.trim_start().get(..5).is_some_and(|s| s.eq_ignore_ascii_case("http:"));
    if !loopback && Origin::new(&base_url).is_ok() {
        return note("configuration: https");
    }
    match HttpFinch::new(config) {
        Ok(finch) => {
            let origin = Origin::new(&base_url).expect("checked");
            is_safe(&origin);
            if !host_shows(&base_url) && !debug(&finch).contains("ClientId(\"") {
                hidden(&debug(&finch), &[SECRET, TOKEN]);
            }
            note("configuration: a client");
        }
        Err(error) => {
            hidden(&chain(&error), &[SECRET, TOKEN]);
            note("configuration: no client");
        }
    }
}

/// Whether the canary stands in a host name, where it is no secret.
fn host_shows(address: &str) -> bool {
    let lower = SECRET.to_ascii_lowercase();
    Origin::new(address).is_ok_and(|origin| origin.as_str().contains(&lower))
}

/// Secrets go to https, or to this machine.
fn is_safe(origin: &Origin) {
    let origin = origin.as_str();
    let this_machine = ["http://127.", "http://[::1]", "http://localhost"];
    let local_name = origin.starts_with("http://")
        && origin
            .trim_end_matches(|c: char| c == ':' || c.is_ascii_digit())
            .ends_with(".localhost");
    assert!(
        origin.starts_with("https://")
            || this_machine.iter().any(|start| origin.starts_with(start))
            || local_name,
        "{origin}"
    );
    assert!(!origin.contains('@') && !origin.ends_with('/'), "{origin}");
}

fn redirect_uri(value: &str) {
    match RedirectUri::new(value) {
        Ok(uri) => {
            assert_eq!(uri.as_str(), value, "kept as given");
            is_safe(&Origin::new(value).expect("an address"));
            note("configuration: redirect URI");
        }
        Err(error) => {
            hidden(&chain(&error), &[SECRET]);
            note("configuration: no redirect URI");
        }
    }
}

fn ids(value: &str) {
    let given = [
        CustomerId::new(value).map(String::from),
        OperatorName::new(value).map(String::from),
        ClientId::new(value).map(String::from),
    ];
    for tried in given {
        if let Ok(kept) = &tried {
            assert!(kept.len() <= MAX_ID_BYTES && kept.trim() == kept);
            assert!(!kept.contains(is_invisible));
        }
        id(tried, value);
    }
    // What Finch sends is kept, whatever it holds.
    for tried in [
        ConnectionId::new(value).map(String::from),
        CompanyId::new(value).map(String::from),
        ProviderId::new(value).map(String::from),
        FinchCustomerId::new(value).map(String::from),
        RequestId::new(value).map(String::from),
    ] {
        assert_eq!(tried.is_ok(), !value.is_empty());
        id(tried, value);
    }
}

fn id(tried: Result<String, IdError>, value: &str) {
    match tried {
        Ok(kept) => {
            assert!(!kept.is_empty());
            assert_eq!(kept, value);
            note("configuration: id");
        }
        Err(error) => no_id(&error, value),
    }
}

fn no_id(error: &IdError, value: &str) {
    let secret = if value.contains(SECRET) { &[SECRET][..] } else { &[] };
    hidden(&chain(error), secret);
    note("configuration: no id");
}
