//! Identifiers. Each is opaque, checked once when it is made, and never another kind's.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest identifier that is accepted, in bytes. Finch's own limit for `customer_id` is 255
/// characters (`POST /connect/sessions`); nothing of Finch's is longer.
pub const MAX_ID_BYTES: usize = 255;

/// Why a text is not an identifier. The text itself is not repeated: somebody may have passed a
/// secret in its place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} {problem}")]
pub struct IdError {
    kind: &'static str,
    problem: &'static str,
}

fn checked(kind: &'static str, text: &str) -> Result<(), IdError> {
    let problem = if text.is_empty() {
        "is empty"
    } else if text.len() > MAX_ID_BYTES {
        "is longer than 255 bytes"
    } else if text.chars().any(|c| c.is_control() || is_invisible(c)) {
        "contains a control or invisible character"
    } else if text.trim() != text {
        "begins or ends with white space"
    } else {
        return Ok(());
    };
    Err(IdError { kind, problem })
}

/// Characters that change how a terminal shows its neighbours: bidirectional controls and the like.
pub(crate) fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Box<str>);

        impl $name {
            /// Checks and keeps `text`: 1 to 255 bytes, no control characters, no outer white space.
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                checked($kind, &text)?;
                Ok(Self(text.into_boxed_str()))
            }

            /// The identifier as it was given.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), &self.0)
            }
        }

        impl std::str::FromStr for $name {
            type Err = IdError;
            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = IdError;
            fn try_from(text: String) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.into()
            }
        }
    )*};
}

ids! {
    /// Finch's `client_id`: the application.
    ClientId = "the client id";
    /// Finch's `connection_id`: a UUID that Finch hands out with each token, and the host's handle
    /// for the connection that the token belongs to.
    ConnectionId = "the connection id";
    /// Finch's `provider_id`: the payroll or HR system, such as `gusto`.
    ProviderId = "the provider id";
    /// Finch's `company_id`: the employer.
    CompanyId = "the company id";
    /// Finch's `account_id`. Deprecated by Finch; stored, and without any part in identity.
    AccountId = "the account id";
    /// One of Finch's `entity_ids`. Stored, and without any part in identity.
    EntityId = "the entity id";
    /// Finch's `id` of a token (`GET /introspect`): names a token without being one.
    FinchTokenId = "the token id";
    /// Finch's `session_id` of a Connect session.
    SessionId = "the session id";
    /// Finch's `Finch-Request-Id` header, which its support asks for.
    RequestId = "the request id";
    /// Finch's `Finch-Event-Id` header: one of Finch's webhooks.
    WebhookEventId = "the webhook's event id";
    /// The host application's own tenant, named by the host.
    CustomerId = "the customer id";
    /// The `customer_id` under which a Connect session was made at Finch. Finch allows each only
    /// once, so that one [`CustomerId`] may have several.
    FinchCustomerId = "Finch's customer id";
    /// Who acts in the operator's scope, for the audit record.
    OperatorName = "the operator's name";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_no_finch_id_looks_like() {
        for text in ["", " a", "a ", "a\nb", "a\u{1b}[31m", "\u{202e}abc", &"x".repeat(256)] {
            assert!(ConnectionId::new(text).is_err(), "{text:?}");
        }
        assert!(CustomerId::new("Zoë & Sons / 12").is_ok());
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        let error = CustomerId::new("secret\n").expect_err("has a newline");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
