//! The errors of calls to Finch.

use std::{error::Error, time::Duration};

use thiserror::Error;

use crate::{AccessToken, Actionable, Advice, ConnectionId, Failure, FailureKind, RequestId};

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
    /// The `Finch-Request-Id` header.
    pub request_id: Option<RequestId>,
    /// The `Retry-After` header.
    pub retry_after: Option<Duration>,
}

/// An error of [`FinchApi`](crate::FinchApi). [`failure_kind`](Self::failure_kind) says what it means.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum FinchApiError {
    /// Finch, or something in its place, has answered.
    #[error("{} ({})", .0.kind(), .0.status)]
    Answered(Box<Answer>),
    /// An answer came and cannot be read.
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
    /// What is kept of the error of an earlier call.
    #[error("the call failed earlier ({})", .0.kind.code())]
    Earlier(Failure),
}

impl Answer {
    /// What the answer means, by status, `finch_code` and `name` together
    /// (`reference/finch-api.md` 5.2): both spellings of each name, with and without `_error`.
    pub fn kind(&self) -> FailureKind {
        let said = |word: &str| {
            let name = self.name.as_deref().map(|n| n.strip_suffix("_error").unwrap_or(n));
            self.finch_code.as_deref() == Some(word) || name == Some(word)
        };
        let any = |words: &[&str]| words.iter().any(|word| said(word));
        match self.status {
            400 if said("invalid_grant") => FailureKind::InvalidGrant,
            400 | 409 if said("connection_already_exists") => FailureKind::ConnectionAlreadyExists,
            400 | 401 if said("invalid_client") => FailureKind::InvalidClient,
            401 if any(&["reauthenticate_user", "no_valid_accounts", "locked_out"]) => {
                FailureKind::ReauthenticateUser
            }
            401 if said("account_setup_required") => FailureKind::AccountSetupRequired,
            401 if any(&["unauthorized_request", "invalid_request"]) || !self.finch_shaped => {
                FailureKind::OtherUnauthorized
            }
            401 if said("invalid_token") => FailureKind::TokenInvalid,
            401 => FailureKind::Unauthorized,
            402 => FailureKind::PaymentRequired,
            408 | 409 | 425 | 429 | 500..=599 => FailureKind::TryLater,
            _ => FailureKind::Rejected,
        }
    }

    /// The error.
    pub fn into_error(self) -> FinchApiError {
        FinchApiError::Answered(Box::new(self))
    }
}

impl FinchApiError {
    /// Finch's answer, where there was one.
    pub fn answer(&self) -> Option<&Answer> {
        match self {
            Self::Answered(answer) => Some(answer),
            Self::Unreadable { answer, .. } => answer.as_deref(),
            Self::Unplaced { source, .. } => source.answer(),
            Self::NoAnswer { .. } | Self::Backend(_) | Self::Earlier(_) => None,
        }
    }

    /// What it means.
    pub fn failure_kind(&self) -> FailureKind {
        match self {
            Self::Answered(answer) => answer.kind(),
            Self::Unreadable { .. } => FailureKind::Unreadable,
            Self::Unplaced { .. } => FailureKind::Unplaced,
            Self::NoAnswer { .. } => FailureKind::NoAnswer,
            Self::Backend(_) => FailureKind::Backend,
            Self::Earlier(failure) => failure.kind,
        }
    }

    /// The error in short.
    pub fn failure(&self) -> Failure {
        if let Self::Earlier(failure) = self {
            return failure.clone();
        }
        let answer = self.answer();
        Failure {
            kind: self.failure_kind(),
            status: answer.map(|a| a.status),
            name: answer.and_then(|a| a.name.clone()),
            finch_code: answer.and_then(|a| a.finch_code.clone()),
            request_id: self.request_id(),
        }
    }

    /// Finch's request id of its answer.
    pub fn request_id(&self) -> Option<RequestId> {
        self.answer().and_then(|a| a.request_id.clone())
    }

    /// How long Finch asks to wait before the next call.
    pub fn retry_after(&self) -> Option<Duration> {
        self.answer().and_then(|a| a.retry_after)
    }

    /// Whether Finch says that its limit of calls is reached (429).
    pub fn is_rate_limit(&self) -> bool {
        matches!(self, Self::Answered(answer) if answer.status == 429)
    }

    /// Whether the request may have taken effect, or may yet, although no success came back.
    pub fn is_ambiguous(&self) -> bool {
        match self {
            Self::NoAnswer { sent, .. } => *sent,
            Self::Answered(answer) => {
                answer.kind() == FailureKind::TryLater && !matches!(answer.status, 425 | 429)
            }
            Self::Unreadable { .. } | Self::Unplaced { .. } | Self::Backend(_) => true,
            Self::Earlier(_) => false,
        }
    }
}

impl From<Failure> for FinchApiError {
    fn from(failure: Failure) -> Self {
        Self::Earlier(failure)
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
    match (error, error.answer().map(|answer| answer.status)) {
        (FinchApiError::Unplaced { .. }, _) => ExchangeFailure::Unknown,
        (FinchApiError::NoAnswer { sent: false, .. }, _) | (_, Some(402 | 429)) => {
            ExchangeFailure::NotSent
        }
        (_, Some(400..=407 | 409..=499)) => ExchangeFailure::Definite,
        _ => ExchangeFailure::Unknown,
    }
}
