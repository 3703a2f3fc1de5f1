//! Identifiers. Each is opaque, checked once when it is made, and never another kind's.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::{Actionable, Advice, ErrorKind, Visible, invisible::is_invisible};

/// The longest identifier that a host may give, in bytes. Finch's own limit for `customer_id` is 255
/// characters (`POST /connect/sessions`).
pub const MAX_ID_BYTES: usize = 255;

/// Why a text is not an identifier. The text itself is not repeated: it may be a secret that was passed in
/// the wrong place.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{kind} {problem}")]
pub struct IdError {
    kind: &'static str,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq, Eq, Error)]
enum Problem {
    #[error("is empty")]
    Empty,
    #[error("is longer than {MAX_ID_BYTES} bytes")]
    TooLong,
    #[error(
        "contains U+{:04X}, which is not visible or changes how its neighbours are shown",
        u32::from(*.0)
    )]
    Invisible(char),
    #[error("begins or ends with a space")]
    OuterSpace,
}

/// What a host gives: two ids that look alike, or that a terminal or a form changes on the way, would name
/// two customers.
fn given(text: &str) -> Result<(), Problem> {
    if text.is_empty() {
        Err(Problem::Empty)
    } else if text.len() > MAX_ID_BYTES {
        Err(Problem::TooLong)
    } else if let Some(c) = text.chars().find(|c| is_invisible(*c)) {
        Err(Problem::Invisible(c))
    } else if text.starts_with(' ') || text.ends_with(' ') {
        Err(Problem::OuterSpace)
    } else {
        Ok(())
    }
}

/// What Finch sends is kept as it is, so that no token is lost over a name.
fn received(text: &str) -> Result<(), Problem> {
    if text.is_empty() { Err(Problem::Empty) } else { Ok(()) }
}

macro_rules! ids {
    ($check:ident: $what:literal; $($(#[$doc:meta])* $name:ident = $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String")]
        pub struct $name(Box<str>);

        impl $name {
            #[doc = $what]
            ///
            /// # Errors
            /// [`IdError`] says what is wrong with it.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                $check(&text).map_err(|problem| IdError { kind: $kind, problem })?;
                Ok(Self(text.into_boxed_str()))
            }

            /// The identifier as it came.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        /// For people: [`Visible`]. What machines exchange is [`as_str`](Self::as_str).
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                Visible(&self.0).fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), Visible(&format!("{:?}", &self.0)))
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
    given: "Checks and keeps `text`: 1 to 255 bytes, every character [visible](crate::is_invisible), \
        no space at either end.";
    /// Finch's `client_id`: the application, as its settings name it.
    ClientId = "the client id";
    /// The host application's own tenant, named by the host.
    ///
    /// Ids are compared byte for byte. `é` as one code point (NFC) and as `e` with an accent (NFD) are two
    /// customers, and so are letters of two scripts that look alike: where ids come from what people type,
    /// the host brings them into one form, such as NFC, first. Spaces inside an id count, each of them.
    CustomerId = "the customer id";
    /// Who acts in the operator's scope, for the audit record.
    OperatorName = "the operator's name";
}

ids! {
    received: "Keeps `text` as it is, whatever its length and its characters, unless it is empty.";
    /// Finch's `connection_id`: a UUID that Finch hands out with each token, and the host's handle
    /// for the connection that the token belongs to.
    ConnectionId = "the connection id";
    /// Finch's `provider_id`: the payroll or HR system, such as `gusto`.
    ProviderId = "the provider id";
    /// Finch's `company_id`: the employer.
    CompanyId = "the company id";
    /// Finch's `id` of a token (`GET /introspect`): names a token without being one.
    FinchTokenId = "the token id";
    /// Finch's `session_id` of a Connect session.
    SessionId = "the session id";
    /// Finch's `Finch-Request-Id` header, which its support asks for.
    RequestId = "the request id";
    /// Finch's `Finch-Event-Id` header: one of Finch's webhooks.
    WebhookEventId = "the webhook's event id";
    /// The `customer_id` under which a Connect session was made at Finch. Finch allows each only
    /// once, so that one [`CustomerId`] may have several.
    FinchCustomerId = "Finch's customer id";
}

impl Actionable for IdError {
    fn advice(&self) -> Advice {
        let step = "copy it again, without anything around it";
        Advice::new(ErrorKind::InvalidInput, "invalid_id", step)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One of each kind: control, white space, bidirectional, format, filler, variation selector, tag,
    /// private use, noncharacter.
    const INVISIBLE: &str = "\n\u{1b}\u{85}\u{a0}\u{3000}\u{2028}\u{61c}\u{202e}\u{2066}\u{ad}\u{200b}\
        \u{180e}\u{feff}\u{34f}\u{115f}\u{3164}\u{2800}\u{fe0f}\u{e0100}\u{e0041}\u{e000}\u{fdd0}";

    #[test]
    fn what_a_host_gives_is_visible() {
        for c in INVISIBLE.chars() {
            let text = format!("ac{c}me");
            let error = CustomerId::new(text.clone()).expect_err("invisible").to_string();
            assert!(error.contains(&format!("U+{:04X},", u32::from(c))), "{error}");
            assert!(OperatorName::new(text.clone()).is_err(), "{text:?}");
            assert!(ClientId::new(text.clone()).is_err(), "{text:?}");
        }
        for text in ["", " a", "a ", "\u{feff}", &"x".repeat(256)] {
            assert!(CustomerId::new(text).is_err(), "{text:?}");
        }
        for text in ["Zoë & Sons / 12", "株式会社", "a  b", "\u{1f600}"] {
            assert_eq!(CustomerId::new(text).expect("visible").to_string(), text);
        }
        let composed = CustomerId::new("Zo\u{eb}").expect("an id");
        let decomposed = CustomerId::new("Zoe\u{308}").expect("an id");
        assert_ne!(composed, decomposed, "normalization is the host's");
    }

    #[test]
    fn what_finch_sends_is_kept_and_shown_escaped() {
        let sent = format!(" {INVISIBLE}{}", "x".repeat(300));
        let id = ConnectionId::new(sent.clone()).expect("kept");
        assert_eq!(id.as_str(), sent);
        for shown in [format!("{id}"), format!("{id:?}")] {
            assert!(!shown.contains(is_invisible), "{shown}");
        }
        assert!(ConnectionId::new("").is_err());
    }

    #[test]
    fn an_error_does_not_repeat_the_text() {
        let error = CustomerId::new("secret\n").expect_err("has a newline");
        assert!(!format!("{error} {error:?}").contains("secret"));
    }
}
