//! Why an attempt did not end with a token in use, what became of the token, and what to do.

use std::{error::Error, time::Duration};

use finch_core::{
    AccessToken, Actionable, Advice, AttemptId, ConnectionId, ErrorKind, FinchApiError, Quarantine,
    StoreError,
};
use thiserror::Error as ThisError;

#[cfg(doc)]
use crate::Finch;
use crate::UnstoredToken;

/// How long Finch accepts a code.
const CODE_LIFETIME: Duration = Duration::from_secs(600);

/// Why an attempt did not end with a token in use.
#[derive(Debug, ThisError)]
#[non_exhaustive]
pub enum CompleteConnectError {
    /// Finch Connect gave no code: the person has refused, or something failed there. Nothing was sent, and the
    /// attempt stays open.
    #[error("no code came back from Finch Connect, and nothing was sent")]
    NoCode,
    /// There is no attempt with this state, or it is another customer's, or it came to nothing and was
    /// forgotten, a day after its session ended.
    #[error("no attempt to connect has this state")]
    UnknownState,
    /// The attempt's session has expired.
    #[error("the attempt to connect has expired")]
    Expired,
    /// The state was used with another code.
    #[error("this state was used with another code, and works once")]
    StateUsed,
    /// The same state and code are still being exchanged after
    /// [`exchange_patience`](crate::FinchOptions::exchange_patience), or were when a process ended.
    #[error("this code is being exchanged already, or its exchange was cut off")]
    InProgress,
    /// Finch did not look at the code. The same state and code may be tried again for as long as the
    /// code lives (10 minutes).
    #[error("Finch did not look at the code, which is not used up")]
    NotSent(#[source] FinchApiError),
    /// Finch said no. No token was issued.
    #[error("Finch did not exchange the code, and issued no token")]
    Failed(#[source] FinchApiError),
    /// The answer was lost, or cannot be read: a token may exist, and be billed, that is not stored. The
    /// code must not be sent again.
    #[error(
        "Finch's answer was lost or cannot be read: a token may exist, and be billed, that is not stored"
    )]
    Unknown(#[source] FinchApiError),
    /// The token is stored so that it can be disconnected, and is not used.
    #[error("the token of connection {connection_id} is stored but not used: {reason}")]
    Quarantined {
        /// The connection that it joined.
        connection_id: ConnectionId,
        /// What contradicts it.
        reason: Quarantine,
    },
    /// Finch issued a token that is stored for another customer. Nothing was changed.
    #[error("Finch issued a token that is another customer's here, and nothing was changed")]
    ForeignToken,
    /// The store took no token, or Finch did not say which connection it belongs to. Here it is: keep it safe, for
    /// it is live and billed. [Import](Finch::import) it later; or connect the customer again: the new token joins
    /// the same connection, and one disconnect ends both.
    #[error("the token could not be stored: it is live, and billed")]
    NotStored {
        /// What would have been stored.
        token: Box<UnstoredToken>,
        /// Why it was not: a [`StoreError`] or a [`FinchApiError`].
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The token could not be stored, and the [event sink](crate::EventSink::rescue) keeps it: it is live and
    /// billed. Once the store works, [import](Finch::import) it; or connect the customer again.
    #[error("the token could not be stored, and the event sink keeps it")]
    Rescued {
        /// Its exchange, as that of an [`UnstoredToken`].
        exchange: AttemptId,
        /// Why it was not stored.
        #[source]
        source: Box<dyn Error + Send + Sync>,
    },
    /// The store failed before anything was sent.
    #[error("the store failed, and nothing was sent to Finch")]
    Store(#[from] StoreError),
    /// The task that did the work has ended early.
    #[error("the exchange was cut off")]
    CutOff,
}

/// What becomes of the token that an attempt was to bring.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TokenFate {
    /// Finch issued none.
    NotIssued,
    /// The exchange is under way or may still be made: repeat the call with the same state and code.
    Pending,
    /// It is stored, and not used.
    Stored,
    /// The error holds its only copy: [`CompleteConnectError::into_token`]. It is live and billed.
    HandedBack,
    /// The [event sink](crate::EventSink::rescue) keeps it. It is live and billed.
    Rescued,
    /// It may exist at Finch, and be billed, without being stored anywhere.
    Unknown,
}

impl CompleteConnectError {
    /// The token that could not be stored. It is live and billed: keep it safe.
    pub fn into_token(self) -> Option<AccessToken> {
        match self {
            Self::NotStored { token, .. } => Some(token.token),
            _ => None,
        }
    }

    /// What becomes of the token.
    pub fn token_fate(&self) -> TokenFate {
        match self {
            Self::NoCode
            | Self::UnknownState
            | Self::Expired
            | Self::StateUsed
            | Self::Failed(_) => TokenFate::NotIssued,
            Self::InProgress | Self::NotSent(_) | Self::Store(_) | Self::CutOff => {
                TokenFate::Pending
            }
            Self::Quarantined { .. } | Self::ForeignToken => TokenFate::Stored,
            Self::NotStored { .. } => TokenFate::HandedBack,
            Self::Rescued { .. } => TokenFate::Rescued,
            Self::Unknown(_) => TokenFate::Unknown,
        }
    }
}

impl Actionable for CompleteConnectError {
    fn advice(&self) -> Advice {
        const BEGIN: &str = "begin a new attempt to connect";
        const KEEP: &str = "keep the token, which this error holds, and import it; or connect this customer \
            again: the new token joins the same connection, and one disconnect ends both";
        let state = |code, step: &str| Advice::new(ErrorKind::State, code, step.to_owned());
        match self {
            Self::NoCode => Advice::new(ErrorKind::InvalidInput, "no_code", BEGIN),
            Self::UnknownState => {
                let step = format!("check the state, its customer and the store; or {BEGIN}");
                Advice::new(ErrorKind::NotFound, "unknown_state", step)
            }
            Self::Expired => state("expired", BEGIN),
            Self::StateUsed => state("state_used", BEGIN),
            Self::InProgress => Advice::retry(
                ErrorKind::Unfinished,
                "in_progress",
                "try the same state and code again in a minute; if it stays so, connect this customer again: \
                 reconciling lists the exchange after 10 minutes",
            ),
            Self::NotSent(cause) => not_sent(cause),
            Self::Failed(cause) => {
                let advice = cause.advice();
                match advice.code {
                    "finch_invalid_grant" => advice,
                    "finch_rejected" => Advice { next_step: BEGIN.into(), ..advice },
                    _ => advice.then(&format!("then {BEGIN}")),
                }
            }
            Self::Unknown(_) => Advice::new(
                ErrorKind::Finch,
                "answer_lost",
                "do not send the code again; connect this customer again: the new token joins the same \
                 connection, and one disconnect ends both. Reconciling lists the exchange",
            ),
            Self::Quarantined { connection_id, reason } => match reason {
                Quarantine::Conflict => {
                    let step = "show connection {}, and ask Finch's support which is right";
                    state("conflict", &step.replace("{}", connection_id.as_str()))
                }
                Quarantine::OtherCustomer => state(
                    "other_customer",
                    "show the connection, and find out whether another person opened the page",
                ),
                Quarantine::UnnamedCustomer => state(
                    "unnamed_customer",
                    "show the connection; then begin a new attempt to connect",
                ),
            },
            Self::ForeignToken => {
                state("foreign_token", "ask Finch's support, and give the time of this call")
            }
            Self::NotStored { source, .. } => {
                let of_store = source.downcast_ref().map(StoreError::advice);
                let advice = of_store.unwrap_or(Advice::new(ErrorKind::Finch, "", ""));
                Advice { code: "not_stored", is_retryable: false, ..advice }.then(KEEP)
            }
            Self::Rescued { .. } => Advice::new(
                ErrorKind::Store,
                "rescued",
                "import the token from where the event sink keeps it once the store works; or connect this \
                 customer again: one disconnect ends both",
            ),
            Self::Store(error) => error.advice(),
            Self::CutOff => {
                Advice::retry(ErrorKind::Unfinished, "cut_off", "try the same state and code again")
            }
        }
    }
}

/// A code that Finch did not look at works again while it lives.
fn not_sent(cause: &FinchApiError) -> Advice {
    let advice = cause.advice();
    if cause.retry_after().is_some_and(|wait| wait >= CODE_LIFETIME) {
        let next_step = "the code will have expired when Finch answers again: wait, then begin a new attempt \
            to connect";
        return Advice { next_step: next_step.into(), is_retryable: false, ..advice };
    }
    let next_step = format!(
        "{} (the same state and code, within 10 minutes of the code's issue)",
        advice.next_step
    );
    Advice { next_step: next_step.into(), is_retryable: true, ..advice }
}

#[cfg(test)]
mod tests {
    use finch_core::{Answer, Failure, FailureKind};

    use super::{CompleteConnectError as E, *};

    #[test]
    fn each_error_says_what_becomes_of_the_token_and_what_to_do() {
        use TokenFate as F;
        let answered = |status, retry_after| {
            let retry_after = Some(Duration::from_secs(retry_after));
            Answer { status, retry_after, ..Answer::default() }.into_error()
        };
        let failed = E::Failed(Failure::from(FailureKind::InvalidGrant).into());
        for (error, fate, is_retryable, step) in [
            (E::NoCode, F::NotIssued, false, "begin a new attempt"),
            (E::InProgress, F::Pending, true, "in a minute"),
            (E::NotSent(answered(402, 0)), F::Pending, true, "same state and code"),
            (E::NotSent(answered(429, 600)), F::Pending, false, "have expired"),
            (failed, F::NotIssued, false, "begin a new attempt"),
            (E::Unknown(answered(502, 0)), F::Unknown, false, "do not send the code"),
            (E::ForeignToken, F::Stored, false, "Finch's support"),
            (E::Store(StoreError::Busy), F::Pending, true, "wait until the other process"),
        ] {
            assert_eq!((error.token_fate(), error.is_retryable()), (fate, is_retryable), "{error}");
            assert!(error.next_step().contains(step), "{error}: {}", error.next_step());
        }
    }
}
