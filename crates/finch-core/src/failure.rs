//! A [`FinchApiError`](crate::FinchApiError) in short, and what to do about it.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::{Advice, ErrorKind, RequestId};

/// A [`FinchApiError`](crate::FinchApiError) in short: for records, listings and machines.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which kind.
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

impl Failure {
    /// A call whose answer is lost, since the process ended before it came.
    pub fn lost() -> Self {
        let kind = FailureKind::NoAnswer;
        Self { kind, status: None, name: None, finch_code: None, request_id: None }
    }
}

/// The kinds of [`Failure`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
#[expect(missing_docs, reason = "each is the variant of FinchApiError of the same name")]
pub enum FailureKind {
    TokenInvalid,
    Unauthorized,
    ReauthenticateUser,
    AccountSetupRequired,
    InvalidClient,
    OtherUnauthorized,
    InvalidGrant,
    ConnectionAlreadyExists,
    PaymentRequired,
    Rejected,
    TryLater,
    Unreadable,
    Unplaced,
    NoAnswer,
    Backend,
    /// The secret that the call needs cannot be unsealed.
    SecretUnreadable,
    /// Finch still accepts a token whose end it has promised.
    StillAccepted,
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

impl FailureKind {
    /// Its name for programs.
    pub fn code(self) -> &'static str {
        match self {
            Self::TokenInvalid => "finch_token_invalid",
            Self::Unauthorized => "finch_unauthorized",
            Self::ReauthenticateUser => "finch_reauthenticate_user",
            Self::AccountSetupRequired => "finch_account_setup_required",
            Self::InvalidClient => "finch_invalid_client",
            Self::OtherUnauthorized => "finch_other_unauthorized",
            Self::InvalidGrant => "finch_invalid_grant",
            Self::ConnectionAlreadyExists => "finch_connection_already_exists",
            Self::PaymentRequired => "finch_payment_required",
            Self::Rejected => "finch_rejected",
            Self::TryLater => "finch_try_later",
            Self::Unreadable => "finch_unreadable",
            Self::Unplaced => "finch_unplaced",
            Self::NoAnswer => "finch_no_answer",
            Self::Backend => "finch_failed",
            Self::SecretUnreadable => "secret_unreadable",
            Self::StillAccepted => "finch_still_accepted",
        }
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

impl fmt::Display for FailureKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TokenInvalid => "Finch refuses this access token",
            Self::Unauthorized => "Finch answered 401 for a reason that it does not name",
            Self::ReauthenticateUser => "the employer must authenticate again at the provider",
            Self::AccountSetupRequired => "the employer has not finished setting the account up",
            Self::InvalidClient => "Finch does not know this client id with this client secret",
            Self::OtherUnauthorized => "something answered 401, and it was not about the token",
            Self::InvalidGrant => {
                "Finch does not accept the authorization code: it is wrong, used or expired, or belongs to \
                 another redirect URI"
            }
            Self::ConnectionAlreadyExists => "Finch already has a connection for this customer id",
            Self::PaymentRequired => "Finch wants its invoices paid",
            Self::Rejected => "Finch rejected the request",
            Self::TryLater => "Finch cannot answer now",
            Self::Unreadable => "Finch's answer cannot be read",
            Self::Unplaced => "Finch issued a token without saying which connection it belongs to",
            Self::NoAnswer => "no answer from Finch",
            Self::Backend => "the client for Finch failed",
            Self::SecretUnreadable => "the sealed secret cannot be opened",
            Self::StillAccepted => "Finch promised the token's end, and still accepts it",
        })
    }
}
