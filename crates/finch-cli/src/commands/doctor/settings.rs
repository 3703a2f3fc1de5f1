//! The settings, and what Finch says to them.

use std::{path::PathBuf, sync::Arc, time::Duration};

use finch_core::{ClientSecret, FailureKind, FinchApi as _};
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

/// What could be used of the settings.
pub(super) struct Settings {
    pub(super) http: Option<HttpFinch>,
    has_secret: bool,
    pub(super) store: Option<PathBuf>,
    pub(super) key: Option<Arc<Kek>>,
}

pub(super) fn check(client: &Client, findings: &mut Findings) -> Settings {
    let id = findings.note("client id", client_id(client), ToString::to_string);
    let secret = match client_secret_if_given(client) {
        Ok(None) => {
            let says = "not given: `finch connect` and `finch exchange` need it";
            let help = "set FINCH_CLIENT_SECRET, or FINCH_CLIENT_SECRET_FILE";
            findings.warning("client secret", says, help);
            None
        }
        given => findings.note("client secret", given, |_| "given".to_owned()).flatten(),
    };
    let has_secret = secret.is_some();
    let http = id.and_then(|id| {
        let secret = secret.unwrap_or_else(|| ClientSecret::new(""));
        let http = http_config(client, id, secret).and_then(|mut config| {
            config.timeout = client.timeout.unwrap_or(PATIENCE);
            config.connect_timeout = config.connect_timeout.min(config.timeout);
            Ok(HttpFinch::new(config)?)
        });
        http.map_err(|failure| findings.bad("address", failure)).ok()
    });
    let store = store_path(client.store.as_ref());
    let store = findings.note("store", store, |path| path.display().to_string());
    let path = store.clone().unwrap_or_else(|| PathBuf::from("finch.db"));
    // Without a store there may be a key all the same, but none beside it.
    let key = match key(client.store_key_file.as_ref(), &path, true) {
        Err(_) if store.is_none() => {
            findings.not_checked("key", "no store path is given");
            None
        }
        key => findings.note("key", key, |key| key.id().to_string()).map(Arc::new),
    };
    Settings { http, has_secret, store, key }
}

/// Whether Finch answers, and knows the application.
pub(super) async fn check_finch(settings: &Settings, findings: &mut Findings) {
    let Some(http) = &settings.http else {
        findings.not_checked("Finch", "the settings for it are incomplete");
        return findings.not_checked("credentials", "Finch was not asked");
    };
    let origin = &http.application().origin;
    let said = match http.check().await {
        Ok(_) => Ok(()),
        Err(error) if error.failure_kind() == FailureKind::InvalidClient => Err(error),
        Err(error) => {
            let answered = error.answer().is_some();
            let what = if answered { "answers, and not as it should" } else { "cannot be reached" };
            findings.bad("Finch", Failure::during(format!("{origin} {what}"), &error));
            return findings.not_checked("credentials", "Finch did not say");
        }
    };
    findings.good("Finch", format!("{origin} answers"));
    if !settings.has_secret {
        return findings.not_checked("credentials", "there is no client secret");
    }
    let said = said.map_err(|error| Failure::during("Finch refuses them", &error));
    findings.note("credentials", said, |()| "Finch does not refuse them".to_owned());
}
