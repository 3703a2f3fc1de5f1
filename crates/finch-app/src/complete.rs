//! Complete: exchange the code, and store the token whatever the checks say.

use finch_core::{
    AccessToken, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Claim, CompanyId, Connection,
    ConnectionId, CustomerId, ExchangeFailure, Failure, FinchApiError, Grant, Product, ProviderId,
    Scope, Selector, Seq, State, StoreError, Token, TokenId, TokenState,
    decide::{Admitted, Arrival, Arrived, Source, admit},
    exchange_failure,
};
use serde::Serialize;
use thiserror::Error;

use crate::{Finch, drive::Drive};

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
    /// How many tokens were in the connection before: the customer's own, or for the operator all.
    pub joined_tokens: usize,
}

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
    /// The same state and code are being exchanged, or were when a process ended.
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

impl Finch {
    /// Completes an attempt with what came back from Finch Connect. The same state and code again
    /// give the first one's result. A caller that goes away cancels nothing.
    ///
    /// # Errors
    /// [`CompleteConnectError`] says whether a token exists, and where it is.
    pub async fn complete_connect(
        &self,
        scope: &impl Scope,
        state: State,
        code: AuthorizationCode,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let (finch, customer) = (self.clone(), scope.customer().cloned());
        let task =
            self.spawn(async move { finch.complete(customer.as_ref(), &state, &code).await });
        task.await.unwrap_or(Err(CompleteConnectError::CutOff))
    }

    async fn complete(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        if code.is_empty() {
            return Err(CompleteConnectError::NoCode);
        }
        let claimed = self.store().claim_attempt(customer, state, code, self.now()).await?;
        let (attempt, claim) = claimed.ok_or(CompleteConnectError::UnknownState)?;
        match claim {
            Claim::Expired => Err(CompleteConnectError::Expired),
            Claim::StateUsed => Err(CompleteConnectError::StateUsed),
            Claim::InProgress => Err(CompleteConnectError::InProgress),
            Claim::Repeat(end) => self.repeat(&attempt, end, customer).await,
            Claim::Begin => self.exchange(attempt, code, customer).await,
        }
    }

    async fn repeat(
        &self,
        attempt: &Attempt,
        end: AttemptEnd,
        customer: Option<&CustomerId>,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        use ExchangeError::Earlier;
        match end {
            AttemptEnd::Stored(token) => {
                let connection = self.store().load(Selector::TokenId(token), None).await?;
                completed(attempt, connection.as_ref(), token, customer)
            }
            AttemptEnd::ForeignToken => Err(CompleteConnectError::ForeignToken),
            AttemptEnd::NotSent(failure) => Err(CompleteConnectError::NotSent(Earlier(failure))),
            AttemptEnd::Failed(failure) => Err(CompleteConnectError::Failed(Earlier(failure))),
            AttemptEnd::Unknown(failure) | AttemptEnd::Covered { failure, .. } => {
                Err(CompleteConnectError::Unknown(Earlier(failure)))
            }
            _ => Err(CompleteConnectError::StateUsed),
        }
    }

    async fn exchange(
        &self,
        attempt: Attempt,
        code: &AuthorizationCode,
        customer: Option<&CustomerId>,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let Some(began) = attempt.exchange.as_ref().map(|e| e.began) else {
            return Err(CompleteConnectError::InProgress);
        };
        let redirect_uri = attempt.purpose.flow.redirect_uri();
        match self.api().exchange(code, redirect_uri).await {
            Ok(grant) => self.admit(&attempt, began, grant, customer).await,
            Err(error) => {
                let (failure, means) = (error.failure(), exchange_failure(&error));
                let error = ExchangeError::Now(error);
                let (end, error) = match means {
                    ExchangeFailure::NotSent => {
                        (AttemptEnd::NotSent(failure), CompleteConnectError::NotSent(error))
                    }
                    ExchangeFailure::Definite => {
                        (AttemptEnd::Failed(failure), CompleteConnectError::Failed(error))
                    }
                    ExchangeFailure::Unknown => {
                        (AttemptEnd::Unknown(failure), CompleteConnectError::Unknown(error))
                    }
                };
                // Should this fail too, the attempt stays open and is listed as a possible orphan.
                if let Err(error) = self.store().end_attempt(attempt.id, end).await {
                    tracing::warn!(%error, "the end of an exchange could not be stored");
                }
                Err(error)
            }
        }
    }

    async fn admit(
        &self,
        attempt: &Attempt,
        began: Seq,
        grant: Grant,
        customer: Option<&CustomerId>,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let stored = match self.store_grant(Source::Exchange(attempt), began, &grant).await {
            Ok((token, _)) => token,
            Err(source) => {
                return Err(CompleteConnectError::NotStored {
                    grant: Box::new(grant),
                    customer: attempt.purpose.customer.clone(),
                    exchange: attempt.id,
                    source,
                });
            }
        };
        let Some(token) = stored else {
            if let Err(error) = self.store().end_attempt(attempt.id, AttemptEnd::ForeignToken).await
            {
                tracing::warn!(%error, "the end of an exchange could not be stored");
            }
            return Err(CompleteConnectError::ForeignToken);
        };
        // A doubt, or an employer without a name, is settled at once where Finch answers.
        if let Err(error) = self.settle(token, Some(&attempt.purpose.customer), Drive::AtOnce).await
        {
            tracing::debug!(%error, "left to the reconciler");
        }
        let connection =
            self.store().load(Selector::TokenId(token), None).await.unwrap_or_default();
        let found = connection.as_ref().and_then(|c| Some((c, c.token(token)?)));
        if let Some((connection, token)) = found.filter(|(_, token)| !token.state.is_revoked())
            && let Err(error) = self.clear_orphans(attempt, connection, token).await
        {
            tracing::debug!(%error, "possible orphans stay listed");
        }
        completed(attempt, connection.as_ref(), token, customer)
    }

    /// Takes the customer's lost exchanges off the list whose tokens, if there are any, end with this
    /// one's connection.
    async fn clear_orphans(
        &self,
        by: &Attempt,
        connection: &Connection,
        token: &Token,
    ) -> Result<(), StoreError> {
        let customer = Some(&by.purpose.customer);
        let lost = self.store().possible_orphans(customer, self.now(), None, 1000).await?;
        for orphan in lost.iter().filter(|lost| lost.is_cleared_by(by, &token.facts)) {
            let end = orphan.cleared_by(by, connection, token.id, self.now());
            self.store().end_attempt(orphan.id, end).await?;
        }
        Ok(())
    }

    /// Stores a token, for as long as the store has a chance: a try that has begun by then is the last. A commit whose result is unknown is looked
    /// up: the token is then known already. Returns its record, or none if the token is somebody else's.
    pub(crate) async fn store_grant(
        &self,
        from: Source<'_>,
        began: Seq,
        grant: &Grant,
    ) -> Result<(Option<TokenId>, Arrived), StoreError> {
        let began_at = self.system().monotonic();
        let patience = self.options().store_patience;
        let mut wait = std::time::Duration::from_millis(50);
        loop {
            match self.admit_once(from, began, grant).await {
                Ok(stored) => return Ok(stored),
                Err(StoreError::Moved) => {}
                Err(error) => {
                    let waited = self.system().monotonic().saturating_sub(began_at);
                    if waited >= patience {
                        return Err(error);
                    }
                    self.system().sleep(wait.min(patience - waited)).await;
                    wait *= 2;
                }
            }
        }
    }

    async fn admit_once(
        &self,
        from: Source<'_>,
        began: Seq,
        grant: &Grant,
    ) -> Result<(Option<TokenId>, Arrived), StoreError> {
        let found = self.store().find(grant).await?;
        let late = self.late(found.by_pair.iter().chain(&found.by_connection_id)).is_some();
        let arrival = Arrival { grant: grant.clone(), from, began, now: self.now(), late };
        let Admitted { draft, arrived } = admit(found, arrival);
        let Some(draft) = draft else {
            return Ok((None, arrived));
        };
        let number = self.commit(draft).await?;
        let token = match arrived {
            Arrived::Known(token) => Some(token),
            _ => number.map(TokenId),
        };
        Ok((token, arrived))
    }
}

/// What the caller, in `customer`'s scope or the operator's, hears of a token that is stored.
fn completed(
    attempt: &Attempt,
    connection: Option<&Connection>,
    token: TokenId,
    customer: Option<&CustomerId>,
) -> Result<CompletedConnect, CompleteConnectError> {
    let found = connection.and_then(|c| Some((c, c.token(token)?)));
    let Some((connection, token)) = found else {
        return Err(CompleteConnectError::CutOff);
    };
    let connection_id = token.facts.connection_id.clone();
    if token.customer.is_none() {
        let expected = attempt.purpose.finch_customer_id.as_ref();
        let other =
            token.facts.finch_customer_id.as_ref().is_some_and(|said| Some(said) != expected);
        return Err(if other && expected.is_some() {
            CompleteConnectError::OtherCustomer { connection_id }
        } else {
            CompleteConnectError::Conflict { connection_id }
        });
    }
    let visible = |t: &&Token| customer.is_none() || t.customer.as_ref() == customer;
    let earlier = |t: &&Token| t.id < token.id && !t.state.is_revoked();
    Ok(CompletedConnect {
        customer: attempt.purpose.customer.clone(),
        connection_id,
        provider_id: connection.provider.clone(),
        company_id: connection.company.clone(),
        products: token.facts.products.clone(),
        token_state: token.state.clone(),
        joined_tokens: connection.tokens.iter().filter(visible).filter(earlier).count(),
    })
}
