//! The secret that signs webhooks.

use aws_lc_rs::hmac::{HMAC_SHA256, Key, sign};
use base64::{Engine, engine::general_purpose::STANDARD};

use super::WebhookError;

#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Secret {
    base64: String,
    key: Vec<u8>,
}

impl Secret {
    pub(crate) fn parse(text: &str) -> Result<Self, WebhookError> {
        let base64 = text.trim().to_owned();
        match STANDARD.decode(&base64) {
            Ok(key) if !key.is_empty() => Ok(Self { base64, key }),
            _ => Err(WebhookError::Secret),
        }
    }

    pub(crate) fn base64(&self) -> &str {
        &self.base64
    }

    /// One item of `Finch-Signature`.
    pub(super) fn sign(&self, event_id: &str, timestamp: i64, body: &[u8]) -> String {
        let signed = [format!("{event_id}.{timestamp}.").as_bytes(), body].concat();
        let tag = sign(&Key::new(HMAC_SHA256, &self.key), &signed);
        format!("v1,{}", STANDARD.encode(tag))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The test vector of Finch's own SDKs.
    #[test]
    fn it_signs_as_finchs_sdks_expect() -> Result<(), WebhookError> {
        let secret = Secret::parse("5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH")?;
        let body = br#"{"company_id":"720be419-0293-4d32-a707-32179b0827ab"}"#;
        let signature = secret.sign("msg_2Lh9KRb0pzN4LePd3XiA4v12Axj", 1_676_312_382, body);
        assert_eq!(signature, "v1,m7y0TV2C+hlHxU42wCieApTSTaA8/047OAplBqxIV/s=");
        Ok(())
    }

    #[test]
    fn only_base64_is_a_secret() {
        for text in ["", " ", "whsec_5WbX5kEWLlfzsGNjH64I8lOOqUB6e8FH", "abc", "a b="] {
            assert!(Secret::parse(text).is_err(), "{text}");
        }
    }
}
