//! What is given, and whether it can be used.

use std::{path::PathBuf, sync::Arc, time::Duration};

use finch_core::{ClientId, ClientSecret};
use finch_http::HttpFinch;
use finch_seal::{Kek, KeySource as _};

use super::Findings;
use crate::{
    args::Client,
    fail::Failure,
    wiring::{client_id, client_secret_if_given, http_config, key, store_path},
};

/// A person waits.
const PATIENCE: Duration = Duration::from_secs(10);

/// What could be used of it.
pub(super) struct Settings {
    pub(super) http: Option<HttpFinch>,
    pub(super) has_secret: bool,
    pub(super) store: Option<PathBuf>,
    pub(super) key: Option<Arc<Kek>>,
}

pub(super) fn look(client: &Client, findings: &mut Findings) -> Settings {
    let id = client_id(client);
    findings.note("client id", id.as_ref().map(ToString::to_string).map_err(Clone::clone));
    let secret = client_secret_if_given(client);
    match &secret {
        Ok(Some(_)) => findings.good("client secret", "given"),
        Ok(None) => findings.warning(
            "client secret",
            "not given: `finch connect` and `finch exchange` need it",
            "set FINCH_CLIENT_SECRET, or FINCH_CLIENT_SECRET_FILE",
        ),
        Err(failure) => findings.bad("client secret", failure.clone()),
    }
    let secret = secret.ok().flatten();
    let has_secret = secret.is_some();
    let http = id.ok().map(|id| http(client, id, secret.unwrap_or_else(|| ClientSecret::new(""))));
    let http = match http {
        Some(Ok(http)) => Some(http),
        Some(Err(failure)) => {
            findings.bad("address", failure);
            None
        }
        None => None,
    };
    let store = match store_path(client.store.as_ref()) {
        Ok(store) => {
            findings.good("store", store.display().to_string());
            Some(store)
        }
        Err(failure) => {
            findings.bad("store", failure);
            None
        }
    };
    let path = store.clone().unwrap_or_else(|| PathBuf::from("finch.db"));
    // Without a store there may be a key all the same, but none beside it.
    let key = match (&store, key(client.store_key_file.as_ref(), &path, true)) {
        (_, Ok(key)) => {
            findings.good("key", key.id().to_string());
            Some(Arc::new(key))
        }
        (Some(_), Err(failure)) => {
            findings.bad("key", failure);
            None
        }
        (None, Err(_)) => {
            findings.not_looked_at("key", "it is not said where the store is");
            None
        }
    };
    Settings { http, has_secret, store, key }
}

fn http(client: &Client, id: ClientId, secret: ClientSecret) -> Result<HttpFinch, Failure> {
    let mut config = http_config(client, id, secret)?;
    config.timeout = client.timeout.unwrap_or(PATIENCE);
    config.connect_timeout = config.connect_timeout.min(config.timeout);
    Ok(HttpFinch::new(config)?)
}
