//! Where webhooks go.

use std::fmt;

use url::Url;

use super::{Secret, WebhookError};

/// A receiver of webhooks, as an application registers it in Finch's dashboard.
#[derive(Clone, PartialEq, Eq)]
pub struct WebhookTarget {
    /// An absolute http URL.
    pub url: String,
    /// What signs them, each standard base64: one, or during a rotation several.
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

/// The same, checked.
#[derive(Clone)]
pub(crate) struct Target {
    url: Url,
    secrets: Vec<Secret>,
}

impl Target {
    /// The most secrets that sign at once.
    const MOST_SECRETS: usize = 5;

    pub(crate) fn new(given: &WebhookTarget) -> Result<Self, WebhookError> {
        let url = read_url(&given.url)?;
        let secrets = given.secrets.iter().map(|secret| Secret::parse(secret));
        let secrets = secrets.collect::<Result<Vec<_>, _>>()?;
        match secrets.len() {
            1..=Self::MOST_SECRETS => Ok(Self { url, secrets }),
            _ => Err(WebhookError::SecretCount),
        }
    }

    /// Signs with this secret too; those that there are go on for as long as there is room.
    pub(crate) fn rotate(&mut self, secret: Secret) {
        self.secrets.retain(|known| *known != secret);
        self.secrets.insert(0, secret);
        self.secrets.truncate(Self::MOST_SECRETS);
    }

    /// Signs with the newest secret only.
    pub(crate) fn finish_rotation(&mut self) {
        self.secrets.truncate(1);
    }

    pub(crate) fn move_to(&mut self, url: &str) -> Result<(), WebhookError> {
        self.url = read_url(url)?;
        Ok(())
    }

    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// The newest first.
    pub(crate) fn secrets(&self) -> &[Secret] {
        &self.secrets
    }

    /// `Finch-Signature`: one item for each secret.
    pub(super) fn signature(&self, event_id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = self.secrets.iter().map(|secret| secret.sign(event_id, timestamp, body));
        signed.collect::<Vec<_>>().join(" ")
    }
}

fn read_url(text: &str) -> Result<Url, WebhookError> {
    let mut url = Url::parse(text.trim()).map_err(|_| WebhookError::Url)?;
    if url.scheme() == "https" {
        return Err(WebhookError::Https);
    }
    let named = !url.username().is_empty() || url.password().is_some();
    if url.scheme() != "http" || url.host().is_none() || named {
        return Err(WebhookError::Url);
    }
    url.set_fragment(None);
    Ok(url)
}
