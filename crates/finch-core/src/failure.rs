//! What can go wrong at Finch, in short: for records, listings and machines; and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Advice, ErrorKind, RequestId};

/// A [`FinchApiError`](crate::FinchApiError) in short.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Failure {
    /// What it means.
    pub kind: FailureKind,
    /// The HTTP status, where there was an answer.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub status: Option<u16>,
    /// Finch's `name`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub name: Option<String>,
    /// Finch's `finch_code`.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finch_code: Option<String>,
    /// Finch's request id: its support asks for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub request_id: Option<RequestId>,
}

/// Without an answer.
impl From<FailureKind> for Failure {
    fn from(kind: FailureKind) -> Self {
        Self { kind, status: None, name: None, finch_code: None, request_id: None }
    }
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $kind:ident = $code:literal $text:literal;)*) => {
        /// What a [`Failure`] means. The same status means different things (401 has six meanings).
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[non_exhaustive]
        pub enum FailureKind {
            $(#[doc = $text] #[doc = "."] $(#[$doc])* $kind,)*
        }

        impl FailureKind {
            /// Its name for programs.
            pub fn code(self) -> &'static str {
                match self {
                    $(Self::$kind => $code,)*
                }
            }
        }

        impl fmt::Display for FailureKind {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(match self {
                    $(Self::$kind => $text,)*
                })
            }
        }
    };
}

kinds! {
    /// 401 `invalid_token`: the proof that the token is dead.
    TokenInvalid = "finch_token_invalid" "Finch refuses this access token";
    /// In Finch's shape. A refusal only after Finch has acknowledged a disconnect: its documents promise no more
    /// than "Unauthorized".
    Unauthorized = "finch_unauthorized" "Finch answered 401 for a reason that it does not name";
    /// 401 `reauthenticate_user`. The token stays.
    ReauthenticateUser = "finch_reauthenticate_user" "the employer must authenticate again at the provider";
    /// 401 `account_setup_required`. The token stays.
    AccountSetupRequired = "finch_account_setup_required" "the employer has not finished setting the account up";
    /// 401 `invalid_client`.
    InvalidClient = "finch_invalid_client" "Finch does not know this client id with this client secret";
    /// Not in Finch's shape (a proxy's), or of the request. Proves nothing.
    OtherUnauthorized = "finch_other_unauthorized" "something answered 401, and it was not about the token";
    /// 400 `invalid_grant`.
    InvalidGrant = "finch_invalid_grant" "Finch does not accept the authorization code: it is wrong, used or \
        expired, or belongs to another redirect URI";
    /// 400 `connection_already_exists`.
    ConnectionAlreadyExists = "finch_connection_already_exists"
        "Finch already has a connection for this customer id";
    /// 402. Everything waits, and the bill runs.
    PaymentRequired = "finch_payment_required" "Finch wants its invoices paid";
    /// No retry mends it soon: 3xx, 400, 403, 404, 405, 422, or a success whose body says something else.
    Rejected = "finch_rejected" "Finch rejected the request";
    /// 408, 409, 425, 429, 5xx.
    TryLater = "finch_try_later" "Finch cannot answer now";
    /// A success whose body is not what was asked for, or something that is not HTTP.
    Unreadable = "finch_unreadable" "Finch's answer cannot be read";
    /// It cannot be stored.
    Unplaced = "finch_unplaced" "Finch issued a token without saying which connection it belongs to";
    /// It was not sent, or its answer was lost.
    NoAnswer = "finch_no_answer" "no answer from Finch";
    /// Something else in the adapter.
    Backend = "finch_failed" "the client for Finch failed";
    /// The call was not made.
    SecretUnreadable = "secret_unreadable" "the sealed secret cannot be opened";
    /// The token is not proven dead.
    StillAccepted = "finch_still_accepted" "Finch promised the token's end, and still accepts it";
}

impl FailureKind {
    /// Whether a person should look at what time alone does not mend.
    pub fn needs_attention(self) -> bool {
        self.is_of_one_token()
            || matches!(
                self,
                Self::PaymentRequired
                    | Self::Rejected
                    | Self::InvalidGrant
                    | Self::ConnectionAlreadyExists
            )
    }

    /// Whether it lies with one token alone, so that others may be tried meanwhile.
    pub fn is_of_one_token(self) -> bool {
        matches!(
            self,
            Self::TokenInvalid
                | Self::Unauthorized
                | Self::ReauthenticateUser
                | Self::AccountSetupRequired
                | Self::InvalidClient
                | Self::OtherUnauthorized
                | Self::SecretUnreadable
                | Self::StillAccepted
        )
    }
}

impl Failure {
    /// What to do about it.
    pub fn advice(&self) -> Advice {
        use FailureKind as K;
        let step = match (self.kind, self.status) {
            (K::InvalidClient, _) => {
                "compare the client id and secret with Finch's dashboard, and check the base URL"
            }
            (K::InvalidGrant, _) => {
                "begin a new attempt to connect: each code works once, for 10 minutes"
            }
            (K::ConnectionAlreadyExists, _) => "reauthenticate that connection instead",
            (K::ReauthenticateUser | K::AccountSetupRequired, _) => {
                "let the employer authenticate again: reauthenticate the connection"
            }
            (K::PaymentRequired, _) => {
                "pay Finch's invoices, which its dashboard lists, then try again"
            }
            (K::TryLater, Some(429)) => "wait a minute, then try again",
            (K::TryLater, _) => "Finch has trouble: wait some minutes, then try again",
            (K::NoAnswer, _) => {
                "check the network and the base URL, then try again, with a longer timeout if need be"
            }
            (K::Unplaced, _) => {
                "import the token with its connection id, or ask Finch's support and give the request id"
            }
            (K::Unreadable | K::OtherUnauthorized, _) => {
                "check that the base URL is Finch's API and that no proxy answers in its place"
            }
            (K::Rejected, Some(300..400)) => {
                "check the base URL: it leads elsewhere, and redirects are not followed"
            }
            (K::Rejected, Some(404 | 405)) => {
                "check the base URL: there is no such call at that address"
            }
            (K::Rejected, Some(403)) => {
                "ask Finch whether this application may do that, and give the request id"
            }
            (K::Rejected, _) => {
                "check the request, such as its products and redirect URI; Finch's support knows the request id"
            }
            _ => "try again; if it stays so, ask Finch's support and give the request id",
        };
        let is_retryable = matches!(self.kind, K::TryLater | K::NoAnswer | K::PaymentRequired);
        Advice { is_retryable, ..Advice::new(ErrorKind::Finch, self.kind.code(), step) }
    }
}

/// Such as `Finch rejected the request (404), request 1a2b`.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.kind.fmt(f)?;
        if let Some(status) = self.status {
            write!(f, " ({status})")?;
        }
        match &self.request_id {
            Some(id) => write!(f, ", request {id}"),
            None => Ok(()),
        }
    }
}
