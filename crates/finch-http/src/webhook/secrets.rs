//! The secrets with which Finch signs webhooks.

use std::fmt;

use aws_lc_rs::{constant_time::verify_slices_are_equal, hmac};
use base64::{Engine, engine::general_purpose::STANDARD};
use finch_core::{Actionable, Advice, ErrorKind};
use thiserror::Error;
use zeroize::Zeroizing;

use super::headers::signatures;

/// Finch's have 24 bytes. Below this one could be guessed, and an empty one signs anything.
const SHORTEST: usize = 16;

/// The webhook secrets of an application: one, or several while one takes over from another. They are
/// not the client secret; Finch's dashboard shows each once.
#[derive(Clone)]
pub struct WebhookSecrets(Vec<hmac::Key>);

impl WebhookSecrets {
    /// Checks and keeps secrets as Finch's dashboard shows them: standard Base64. White space around one
    /// is passed over.
    ///
    /// # Errors
    /// [`WebhookSecretError`] names the text that is not a secret.
    pub fn new<S: AsRef<str>>(
        secrets: impl IntoIterator<Item = S>,
    ) -> Result<Self, WebhookSecretError> {
        let numbered = (1..).zip(secrets);
        let keys: Vec<_> = numbered
            .map(|(number, secret)| key(number, secret.as_ref()))
            .collect::<Result<_, _>>()?;
        if keys.is_empty() {
            return Err(WebhookSecretError::None);
        }
        Ok(Self(keys))
    }

    /// Whether one of the signatures that these headers list was made over `signed` with one of the
    /// secrets. Compared in constant time; the hash is made once for each secret, whatever is listed.
    pub(super) fn match_any(&self, signed: &[&[u8]], headers: Vec<&[u8]>) -> bool {
        let listed = headers.into_iter().flat_map(signatures);
        let given: Vec<_> = listed.filter_map(|text| STANDARD.decode(text).ok()).collect();
        let tags = self.0.iter().map(|key| {
            let mut hash = hmac::Context::with_key(key);
            signed.iter().for_each(|part| hash.update(part));
            hash.sign()
        });
        tags.into_iter().any(|tag| {
            given.iter().any(|given| verify_slices_are_equal(tag.as_ref(), given).is_ok())
        })
    }
}

fn key(number: usize, secret: &str) -> Result<hmac::Key, WebhookSecretError> {
    let secret = secret.trim();
    let malformed = |problem| WebhookSecretError::Malformed { number, problem };
    if secret.contains(['"', '\'']) {
        return Err(malformed("has quotation marks around it"));
    }
    let bytes = STANDARD.decode(secret).map(Zeroizing::new);
    let bytes = bytes.map_err(|_| malformed("is not standard Base64"))?;
    if bytes.len() < SHORTEST {
        return Err(malformed("is too short"));
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

impl fmt::Debug for WebhookSecrets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "WebhookSecrets({}, redacted)", self.0.len())
    }
}

/// Why a text is not a webhook secret. The text is not repeated.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum WebhookSecretError {
    /// None was given: every webhook would be refused.
    #[error("no webhook secret is given")]
    None,
    /// A text is not a webhook secret.
    #[error("webhook secret {number} {problem}")]
    Malformed {
        /// Which, from 1.
        number: usize,
        /// What is wrong with it.
        problem: &'static str,
    },
}

impl Actionable for WebhookSecretError {
    fn advice(&self) -> Advice {
        let step = match self {
            Self::None => {
                "give the secret that Finch's dashboard shows once, when the webhook is made"
            }
            Self::Malformed { .. } => {
                "copy it whole from Finch's dashboard, alone and without a prefix: 32 characters of Base64"
            }
        };
        Advice::new(ErrorKind::InvalidInput, "webhook_secret", step)
    }
}
