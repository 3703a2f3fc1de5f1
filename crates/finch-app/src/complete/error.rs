//! Why an attempt did not end with a token in use.

use finch_core::{
    AccessToken, AttemptId, ConnectionId, CustomerId, Failure, FinchApiError, Grant, StoreError,
};
use thiserror::Error;

/// Why an attempt did not end with a token in use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompleteConnectError {
    /// Finch Connect gave no code: the person has refused, or something failed there. Nothing was sent, and the
    /// attempt stays open.
    #[error("no code came back from Finch Connect: nothing was connected")]
    NoCode,
    /// There is no attempt with this state, or it is another customer's.
    #[error("no attempt to connect has this state: begin a new one")]
    UnknownState,
    /// The attempt's session has expired.
    #[error("the attempt to connect has expired: begin a new one")]
    Expired,
    /// The state was used with another code.
    #[error("this state was used with another code: begin a new attempt")]
    StateUsed,
    /// The same state and code are still being exchanged after
    /// [`exchange_patience`](crate::FinchOptions::exchange_patience), or were when a process ended.
    #[error("this code is being exchanged already: ask again with the same state and code")]
    InProgress,
    /// Finch did not look at the code. The same state and code may be tried again for as long as the
    /// code lives (10 minutes).
    #[error(
        "Finch did not look at the code: try the same state and code again within 10 minutes of the code's issue"
    )]
    NotSent(#[source] ExchangeError),
    /// Finch said no. No token was issued.
    #[error("Finch did not exchange the code: begin a new attempt")]
    Failed(#[source] ExchangeError),
    /// The answer was lost: a token may exist, and be billed, that nobody has. The code must not be
    /// sent again.
    #[error(
        "Finch's answer was lost, and a token may exist that nobody has: connect this customer again, and disconnect will end both"
    )]
    Unknown(#[source] ExchangeError),
    /// The token is stored, but not used: its `connection_id` belongs to another provider or company.
    #[error(
        "the token is stored but not used: connection {connection_id} belongs to another provider or company; an operator must look at it"
    )]
    Conflict {
        /// What Finch said.
        connection_id: ConnectionId,
    },
    /// The token is stored, but not used: Finch says that it belongs to another customer id than the
    /// attempt's.
    #[error(
        "the token is stored but not used: Finch says that connection {connection_id} belongs to another customer than this attempt's; an operator must look at it"
    )]
    OtherCustomer {
        /// What Finch said.
        connection_id: ConnectionId,
    },
    /// The token is stored, but not used: the callback carried no `state`, and Finch names no customer id, so
    /// the code may come from another customer's session.
    #[error(
        "the token is stored but not used: the callback carried no state, and Finch does not say whose connection {connection_id} is; an operator must look at it"
    )]
    UnnamedCustomer {
        /// What Finch said.
        connection_id: ConnectionId,
    },
    /// Finch issued a token that is stored for somebody else. Nothing was changed.
    #[error("Finch issued a token that belongs to somebody else here: nothing was changed")]
    ForeignToken,
    /// The store took no token. Here it is: keep it safe, for it is live and billed. Once the store works,
    /// [import](crate::Finch::import) it; or connect the customer again: the new token joins the same connection,
    /// and one disconnect ends both.
    #[error("the token could not be stored: it is live and billed, and comes back with this error")]
    NotStored {
        /// What would have been stored.
        grant: Box<Grant>,
        /// Whose it is.
        customer: CustomerId,
        /// Its exchange, which stays listed as a possible orphan until the customer connects again, or
        /// [somebody says](crate::Finch::dismiss_orphan) that the token is not lost.
        exchange: AttemptId,
        /// Why it was not.
        #[source]
        source: StoreError,
    },
    /// The store failed before anything was sent.
    #[error("the store failed: nothing was sent")]
    Store(#[from] StoreError),
    /// The task that did the work has ended early.
    #[error("the exchange was cut off: ask again with the same state and code")]
    CutOff,
}

/// Why an exchange failed: the error itself, or, when it is repeated later, what is kept of it.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// Now.
    #[error(transparent)]
    Now(FinchApiError),
    /// Earlier, by this attempt's first exchange.
    #[error("the exchange failed earlier ({:?})", .0.kind)]
    Earlier(Failure),
}

impl ExchangeError {
    /// The failure in short.
    pub fn failure(&self) -> Failure {
        match self {
            Self::Now(error) => error.failure(),
            Self::Earlier(failure) => failure.clone(),
        }
    }
}

impl CompleteConnectError {
    /// The token that could not be stored. It is live and billed: keep it safe.
    pub fn into_token(self) -> Option<AccessToken> {
        match self {
            Self::NotStored { grant, .. } => Some(grant.secret),
            _ => None,
        }
    }
}
