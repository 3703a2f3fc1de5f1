//! What can go wrong at Finch, by what the caller can do about it.

use std::{error::Error, time::Duration};

use thiserror::Error;

use crate::{
    AccessToken, Actionable, Advice, ConnectionId, Failure, FailureKind, FinchCustomerId, RequestId,
};

/// Finch's answer, where it is not the success that was asked for. Never its body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Whether the body had Finch's error shape; a proxy's page has not.
    pub finch_shaped: bool,
    /// `name`, such as `invalid_token_error`.
    pub name: Option<String>,
    /// `finch_code`, such as `reauthenticate_user`.
    pub finch_code: Option<String>,
    /// `context.connection_id`.
    pub connection_id: Option<ConnectionId>,
    /// `context.customer_id`.
    pub customer_id: Option<FinchCustomerId>,
    /// The `Finch-Request-Id` header.
    pub request_id: Option<RequestId>,
    /// The `Retry-After` header.
    pub retry_after: Option<Duration>,
}

/// An error of [`FinchApi`](crate::FinchApi). The same status means different things (401 has six
/// meanings): the variant says which.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FinchApiError {
    /// 401 `invalid_token`: Finch refuses this token. The proof that it is dead.
    #[error("{}", FailureKind::TokenInvalid)]
    TokenInvalid(Box<Answer>),
    /// 401 in Finch's shape with a meaning that is not known. A refusal only after Finch has
    /// acknowledged a disconnect: its documents promise no more than "Unauthorized".
    #[error("{}", FailureKind::Unauthorized)]
    Unauthorized(Box<Answer>),
    /// 401 `reauthenticate_user`: the employer must authenticate again. The token stays.
    #[error("{}", FailureKind::ReauthenticateUser)]
    ReauthenticateUser(Box<Answer>),
    /// 401 `account_setup_required`: the employer has not finished connecting. The token stays.
    #[error("{}", FailureKind::AccountSetupRequired)]
    AccountSetupRequired(Box<Answer>),
    /// 401 `invalid_client`: the client id or secret is wrong.
    #[error("{}", FailureKind::InvalidClient)]
    InvalidClient(Box<Answer>),
    /// 401 without a known meaning and not in Finch's shape (a proxy's), or one that speaks of the
    /// request and not of the token. Proves nothing.
    #[error("{}", FailureKind::OtherUnauthorized)]
    OtherUnauthorized(Box<Answer>),
    /// 400 `invalid_grant`: the code is wrong, used or expired, or `redirect_uri` is not the code's.
    #[error("{}", FailureKind::InvalidGrant)]
    InvalidGrant(Box<Answer>),
    /// 400 `connection_already_exists`: the customer id has a connection already.
    #[error("{}", FailureKind::ConnectionAlreadyExists)]
    ConnectionAlreadyExists(Box<Answer>),
    /// 402: the application has unpaid invoices at Finch. Everything waits, and the bill runs.
    #[error("{} (402)", FailureKind::PaymentRequired)]
    PaymentRequired(Box<Answer>),
    /// Another answer that no retry mends soon: 3xx, 400, 403, 404, 405, 422, or a success whose body
    /// says something else.
    #[error("{} (status {})", FailureKind::Rejected, .0.status)]
    Rejected(Box<Answer>),
    /// 408, 409, 425, 429, 5xx: later again.
    #[error("{} (status {})", FailureKind::TryLater, .0.status)]
    TryLater(Box<Answer>),
    /// An answer came and cannot be read: a success whose body is not what was asked for, or something
    /// that is not HTTP.
    #[error("{}: {problem}", FailureKind::Unreadable)]
    Unreadable {
        /// What is wrong: the length, and the JSON path where there is one. Never the content.
        problem: String,
        /// The rest of the answer; none where not even its status can be read.
        answer: Option<Box<Answer>>,
    },
    /// A token was issued, and no answer says which connection it belongs to: it cannot be stored. It is
    /// live and billed, and this error holds its only copy.
    #[error("{}", FailureKind::Unplaced)]
    Unplaced {
        /// The token. It is never shown.
        secret: AccessToken,
        /// What is wrong with the answer that brought it.
        source: Box<FinchApiError>,
    },
    /// No answer.
    #[error("{}: {problem}", FailureKind::NoAnswer)]
    NoAnswer {
        /// What happened, without addresses.
        problem: String,
        /// Whether a byte of the request may have gone out.
        sent: bool,
    },
    /// Something else in the adapter. A byte may have gone out.
    #[error("{}", FailureKind::Backend)]
    Backend(#[source] Box<dyn Error + Send + Sync>),
}

impl Answer {
    /// What the answer means, by status, `finch_code` and `name` together
    /// (`reference/finch-api.md` 5.2): both spellings of each name, with and without `_error`.
    pub fn into_error(self) -> FinchApiError {
        let answer = Box::new(self);
        let said = |word: &str| {
            let name = answer.name.as_deref().map(|n| n.strip_suffix("_error").unwrap_or(n));
            answer.finch_code.as_deref() == Some(word) || name == Some(word)
        };
        match answer.status {
            400 if said("invalid_grant") => FinchApiError::InvalidGrant(answer),
            400 | 409 if said("connection_already_exists") => {
                FinchApiError::ConnectionAlreadyExists(answer)
            }
            400 | 401 if said("invalid_client") => FinchApiError::InvalidClient(answer),
            401 if said("reauthenticate_user")
                || said("no_valid_accounts")
                || said("locked_out") =>
            {
                FinchApiError::ReauthenticateUser(answer)
            }
            401 if said("account_setup_required") => FinchApiError::AccountSetupRequired(answer),
            401 if said("unauthorized_request")
                || said("invalid_request")
                || !answer.finch_shaped =>
            {
                FinchApiError::OtherUnauthorized(answer)
            }
            401 if said("invalid_token") => FinchApiError::TokenInvalid(answer),
            401 => FinchApiError::Unauthorized(answer),
            402 => FinchApiError::PaymentRequired(answer),
            408 | 409 | 425 | 429 | 500..=599 => FinchApiError::TryLater(answer),
            _ => FinchApiError::Rejected(answer),
        }
    }
}

impl FinchApiError {
    /// Finch's answer, where there was one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::TokenInvalid(answer)
            | Self::Unauthorized(answer)
            | Self::ReauthenticateUser(answer)
            | Self::AccountSetupRequired(answer)
            | Self::InvalidClient(answer)
            | Self::OtherUnauthorized(answer)
            | Self::InvalidGrant(answer)
            | Self::ConnectionAlreadyExists(answer)
            | Self::PaymentRequired(answer)
            | Self::Rejected(answer)
            | Self::TryLater(answer) => Some(answer),
            Self::Unreadable { answer, .. } => answer.as_deref(),
            Self::Unplaced { source, .. } => source.answer(),
            Self::NoAnswer { .. } | Self::Backend(_) => None,
        }
    }

    /// Which kind of error it is.
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            Self::TokenInvalid(_) => FailureKind::TokenInvalid,
            Self::Unauthorized(_) => FailureKind::Unauthorized,
            Self::ReauthenticateUser(_) => FailureKind::ReauthenticateUser,
            Self::AccountSetupRequired(_) => FailureKind::AccountSetupRequired,
            Self::InvalidClient(_) => FailureKind::InvalidClient,
            Self::OtherUnauthorized(_) => FailureKind::OtherUnauthorized,
            Self::InvalidGrant(_) => FailureKind::InvalidGrant,
            Self::ConnectionAlreadyExists(_) => FailureKind::ConnectionAlreadyExists,
            Self::PaymentRequired(_) => FailureKind::PaymentRequired,
            Self::Rejected(_) => FailureKind::Rejected,
            Self::TryLater(_) => FailureKind::TryLater,
            Self::Unreadable { .. } => FailureKind::Unreadable,
            Self::Unplaced { .. } => FailureKind::Unplaced,
            Self::NoAnswer { .. } => FailureKind::NoAnswer,
            Self::Backend(_) => FailureKind::Backend,
        }
    }

    /// The error in short.
    pub fn failure(&self) -> Failure {
        let answer = self.answer();
        Failure {
            kind: self.failure_kind(),
            status: answer.map(|a| a.status),
            name: answer.and_then(|a| a.name.clone()),
            finch_code: answer.and_then(|a| a.finch_code.clone()),
            request_id: answer.and_then(|a| a.request_id.clone()),
        }
    }

    /// How long Finch asks to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|a| a.retry_after)
    }

    /// Whether the request may have taken effect, or may yet, although no success came back.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::NoAnswer { sent, .. } => *sent,
            Self::Unreadable { .. } | Self::Unplaced { .. } | Self::Backend(_) => true,
            Self::TryLater(answer) => !matches!(answer.status, 425 | 429),
            _ => false,
        }
    }
}

impl Actionable for FinchApiError {
    fn advice(&self) -> Advice {
        let advice = self.failure().advice();
        let next_step = match (self, self.retry_after()) {
            (_, Some(wait)) => format!("wait {} s, then try again", wait.as_secs()).into(),
            // The cause says what to check, and more time would not help.
            (Self::NoAnswer { sent: false, .. }, None) => {
                "check the network, the base URL and the proxy, then try again; nothing was sent"
                    .into()
            }
            _ => advice.next_step,
        };
        Advice { next_step, ..advice }
    }
}

/// What a failed exchange means for the token that it was to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ExchangeFailure {
    /// Finch did not look at the code: it may be sent again while it lives.
    NotSent,
    /// No token was issued.
    Definite,
    /// A token may exist that is stored nowhere. The code must not be sent again.
    Unknown,
}

/// What a failed exchange means (`design` semantics 5, step 3).
pub fn exchange_failure(error: &FinchApiError) -> ExchangeFailure {
    match error {
        FinchApiError::NoAnswer { sent: false, .. } | FinchApiError::PaymentRequired(_) => {
            ExchangeFailure::NotSent
        }
        FinchApiError::TryLater(answer) if answer.status == 429 => ExchangeFailure::NotSent,
        error => match error.answer() {
            Some(answer) if (400..500).contains(&answer.status) && answer.status != 408 => {
                ExchangeFailure::Definite
            }
            _ => ExchangeFailure::Unknown,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exchange_is_lost_unless_finch_certainly_said_no() {
        let answered = |status| Answer { status, ..Answer::default() }.into_error();
        for status in [300, 302, 408, 500, 502, 503, 504] {
            assert_eq!(exchange_failure(&answered(status)), ExchangeFailure::Unknown, "{status}");
        }
        for status in [400, 401, 403, 404, 409, 422, 425] {
            assert_eq!(exchange_failure(&answered(status)), ExchangeFailure::Definite, "{status}");
        }
        for status in [402, 429] {
            assert_eq!(exchange_failure(&answered(status)), ExchangeFailure::NotSent, "{status}");
        }
        let lost = |sent| FinchApiError::NoAnswer { problem: String::new(), sent };
        assert_eq!(exchange_failure(&lost(false)), ExchangeFailure::NotSent);
        assert_eq!(exchange_failure(&lost(true)), ExchangeFailure::Unknown);
        for answer in [None, Some(Box::new(Answer { status: 200, ..Answer::default() }))] {
            let garbage = FinchApiError::Unreadable { problem: String::new(), answer };
            assert_eq!(exchange_failure(&garbage), ExchangeFailure::Unknown);
            assert!(garbage.is_ambiguous());
        }
    }
}
