//! How an attempt ends: with a token in use, or with an error that says where the token is.

use finch_core::{
    AccessToken, Attempt, AttemptId, CompanyId, Connection, ConnectionId, CustomerId,
    ExchangeFailure, Failure, FinchApiError, Grant, Product, ProviderId, StoreError, Token,
    TokenId, TokenState, decide::contradicts,
};
use serde::Serialize;
use thiserror::Error;

#[cfg(doc)]
use crate::Finch;

/// A connection that a token has joined.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompletedConnect {
    /// Whose it is.
    pub customer: CustomerId,
    /// The handle of the connection.
    pub connection_id: ConnectionId,
    /// The payroll or HR system.
    pub provider_id: ProviderId,
    /// The employer; none while Finch has not named it.
    pub company_id: Option<CompanyId>,
    /// What the token covers.
    pub products: Vec<Product>,
    /// `Active`; or `Unverified` or `Fenced`, where a disconnect was under way; or `Retired` or
    /// `Superseded`, where access had ended meanwhile.
    #[serde(flatten)]
    pub token_state: TokenState,
    /// How many live tokens of the same customer were in the connection before.
    pub joined_tokens: usize,
    /// Whether other customers have live tokens in the connection, too. Who they are, and how many, is not
    /// this customer's to know.
    pub shared: bool,
}

/// Why an attempt did not end with a token in use.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CompleteConnectError {
    /// Finch Connect gave no code: the person has refused, or something failed there. Nothing was sent, and the
    /// attempt stays open.
    #[error("no code came back from Finch Connect: nothing was connected")]
    NoCode,
    /// There is no attempt with this state, or it is another customer's, or it came to nothing and was
    /// forgotten, a day after its session ended.
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
    /// The answer was lost, or cannot be read: a token may exist, and be billed, that is not stored. The
    /// code must not be sent again.
    #[error(
        "Finch's answer was lost or cannot be read, and a token may exist that is not stored: connect this customer again, and disconnect will end both"
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
    /// The token is stored, but not used: the callback carried no `state`, and Finch does not say which
    /// customer id the token belongs to, so that the code may be anybody's.
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
    /// [import](Finch::import) it; or connect the customer again: the new token joins the same connection,
    /// and one disconnect ends both.
    #[error("the token could not be stored: it is live and billed, and comes back with this error")]
    NotStored {
        /// What would have been stored.
        grant: Box<Grant>,
        /// Whose it is.
        customer: CustomerId,
        /// Its exchange, which stays listed as a possible orphan until the customer connects again, or
        /// [somebody says](Finch::dismiss_orphan) that the token is not lost.
        exchange: AttemptId,
        /// Why it was not.
        #[source]
        source: StoreError,
    },
    /// Finch issued a token without saying which connection it belongs to, so that it cannot be stored. Here
    /// it is: keep it safe, for it is live and billed. [Import](Finch::import) it later, when Finch says more;
    /// or connect the customer again.
    #[error(
        "Finch issued a token without saying which connection it belongs to: it is live and billed, and comes back with this error"
    )]
    Unplaced {
        /// The token.
        token: AccessToken,
        /// Whose it is.
        customer: CustomerId,
        /// Its exchange, which stays listed as a possible orphan, as that of [`NotStored`](Self::NotStored).
        exchange: AttemptId,
        /// What is wrong with Finch's answer.
        #[source]
        source: FinchApiError,
    },
    /// The token could not be stored, and the [event sink](crate::EventSink::rescue) keeps it: it is live and
    /// billed. Once the store works, [import](Finch::import) it; or connect the customer again.
    #[error(
        "the token could not be stored, and the event sink keeps it: import it once the store works"
    )]
    Rescued {
        /// Its exchange, which stays listed as a possible orphan, as that of [`NotStored`](Self::NotStored).
        exchange: AttemptId,
        /// Why it was not stored.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
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
            Self::Unplaced { token, .. } => Some(token),
            _ => None,
        }
    }
}

/// What the caller learns of an exchange that failed.
pub(super) fn failed(
    attempt: &Attempt,
    error: FinchApiError,
    means: ExchangeFailure,
) -> CompleteConnectError {
    use CompleteConnectError as E;
    match (error, means) {
        (FinchApiError::Unplaced { secret: token, source }, _) => {
            let (customer, exchange) = (attempt.purpose.customer.clone(), attempt.id);
            E::Unplaced { token, customer, exchange, source: *source }
        }
        (error, ExchangeFailure::NotSent) => E::NotSent(ExchangeError::Now(error)),
        (error, ExchangeFailure::Definite) => E::Failed(ExchangeError::Now(error)),
        (error, ExchangeFailure::Unknown) => E::Unknown(ExchangeError::Now(error)),
    }
}

/// The result for a token that is stored. It speaks of its customer's tokens alone, in either scope.
pub(super) fn completed(
    attempt: &Attempt,
    connection: Option<&Connection>,
    token: TokenId,
) -> Result<CompletedConnect, CompleteConnectError> {
    let found = connection.and_then(|c| Some((c, c.token(token)?)));
    let Some((connection, token)) = found else {
        return Err(CompleteConnectError::CutOff);
    };
    let connection_id = token.facts.connection_id.clone();
    if token.customer.is_none() {
        return Err(if contradicts(connection, &token.facts) {
            CompleteConnectError::Conflict { connection_id }
        } else if token.facts.finch_customer_id.is_some() {
            CompleteConnectError::OtherCustomer { connection_id }
        } else {
            CompleteConnectError::UnnamedCustomer { connection_id }
        });
    }
    let customer = &attempt.purpose.customer;
    let earlier = |t: &&Token| t.id < token.id && !t.state.is_revoked();
    let own = |t: &&Token| t.customer.as_ref() == Some(customer);
    Ok(CompletedConnect {
        customer: customer.clone(),
        connection_id,
        provider_id: connection.provider.clone(),
        company_id: connection.company.clone(),
        products: token.facts.products.clone(),
        token_state: token.state.clone(),
        joined_tokens: connection.tokens.iter().filter(own).filter(earlier).count(),
        shared: connection.is_shared_beyond(customer),
    })
}
