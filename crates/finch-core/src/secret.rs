//! Secrets. Each redacts itself: no `Display`, no `Serialize`, no `PartialEq`, and a `Debug` that
//! prints the type's name. Memory is zeroed on drop.

use std::fmt;

use secrecy::{ExposeSecret, SecretString};

macro_rules! secrets {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone)]
        pub struct $name(SecretString);

        impl $name {
            /// Takes the secret over. It is opaque: no form is checked.
            pub fn new(secret: impl Into<String>) -> Self {
                Self(SecretString::from(secret.into()))
            }

            /// Whether there is none: an empty field of a form, or of an address.
            #[expect(clippy::disallowed_methods, reason = "EXPOSE: only whether there is one")]
            pub fn is_empty(&self) -> bool {
                self.0.expose_secret().is_empty()
            }

            /// The secret itself. Each caller says why it needs it: the `disallowed-methods` lint
            /// asks for `#[expect(clippy::disallowed_methods, reason = "EXPOSE: …")]`.
            #[expect(clippy::disallowed_methods, reason = "EXPOSE: the one door")]
            pub fn expose(&self) -> &str {
                self.0.expose_secret()
            }
        }

        impl From<SecretString> for $name {
            fn from(secret: SecretString) -> Self {
                Self(secret)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(concat!(stringify!($name), "(redacted)"))
            }
        }
    )*};
}

secrets! {
    /// An access token of Finch's: opaque, never expires, is not refreshed; live until its
    /// connection is disconnected.
    AccessToken;
    /// The authorization code that Finch Connect sends back: valid for 10 minutes, for one use.
    AuthorizationCode;
    /// The application's client secret.
    ClientSecret;
    /// The OAuth `state` of one attempt to connect: 256 random bits, for one use.
    State;
    /// The address of a Connect session. With it the session can be completed, for up to 90 days.
    ConnectUrl;
}

impl ConnectUrl {
    /// The same address with `state` appended, as Finch's own SDK passes it. None if it is not an
    /// address.
    #[expect(clippy::disallowed_methods, reason = "EXPOSE: the state belongs in this address")]
    pub fn with_state(&self, state: &State) -> Option<Self> {
        let mut url = url::Url::parse(self.expose()).ok()?;
        url.query_pairs_mut().append_pair("state", state.expose());
        Some(Self::new(url))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test compares addresses")]
    fn a_state_is_appended_to_what_is_there() {
        let url = ConnectUrl::new("https://connect.tryfinch.com/authorize?session=s");
        let with = url.with_state(&State::new("a&b")).expect("an address");
        assert_eq!(with.expose(), "https://connect.tryfinch.com/authorize?session=s&state=a%26b");
        assert!(ConnectUrl::new("nowhere").with_state(&State::new("s")).is_none());
    }

    #[test]
    fn debug_shows_the_type_and_nothing_else() {
        assert_eq!(format!("{:?}", AccessToken::new("canary")), "AccessToken(redacted)");
    }
}
