//! The receiver of webhooks.

use std::fmt;

use url::Url;

use super::{Secret, WebhookError};

/// A receiver of webhooks, as an application registers it in Finch's dashboard.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// An absolute http URL.
    pub url: String,
    /// The secrets that sign each webhook, in standard base64: one, or several during a rotation.
    pub secrets: Vec<String>,
}

impl fmt::Debug for WebhookTarget {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebhookTarget")
            .field("url", &self.url)
            .field("secrets", &self.secrets.len())
            .finish()
    }
}

/// A receiver that has been checked.
#[derive(Clone)]
pub(crate) struct Target {
    url: Url,
    /// The newest first.
    secrets: Vec<Secret>,
}

impl Target {
    const SECRET_LIMIT: usize = 5;

    pub(crate) fn new(given: &WebhookTarget) -> Result<Self, WebhookError> {
        let url = parse_url(&given.url)?;
        let secrets = given.secrets.iter().map(|secret| Secret::parse(secret));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        match secrets.len() {
            1..=Self::SECRET_LIMIT => Ok(Self { url, secrets }),
            _ => Err(WebhookError::SecretCount),
        }
    }

    /// Signs with this secret as well as with those before it.
    pub(crate) fn rotate(&mut self, secret: Secret) {
        self.secrets.retain(|known| *known != secret);
        self.secrets.insert(0, secret);
        self.secrets.truncate(Self::SECRET_LIMIT);
    }

    /// Signs with the newest secret only.
    pub(crate) fn finish_rotation(&mut self) {
        self.secrets.truncate(1);
    }

    pub(crate) fn set_url(&mut self, url: &str) -> Result<(), WebhookError> {
        self.url = parse_url(url)?;
        Ok(())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// `Finch-Signature`: one item for each secret.
    pub(super) fn signature(&self, event_id: &str, timestamp: i64, body: &[u8]) -> String {
        let items = self.secrets.iter().map(|secret| secret.sign(event_id, timestamp, body));
        items.collect::<Vec<_>>().join(" ")
    }
}

fn parse_url(text: &str) -> Result<Url, WebhookError> {
    let mut url = Url::parse(text.trim()).map_err(|_| WebhookError::Url)?;
    if url.scheme() == "https" {
        return Err(WebhookError::Https);
    }
    let has_user = !url.username().is_empty() || url.password().is_some();
    if url.scheme() != "http" || url.host().is_none() || has_user {
        return Err(WebhookError::Url);
    }
    url.set_fragment(None);
    Ok(url)
}
