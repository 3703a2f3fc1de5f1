//! Complete: exchange the code, and store the token whatever the checks say.

mod error;

use finch_core::{
    Attempt, AttemptEnd, AuthorizationCode, Claim, CompanyId, Connection, ConnectionId, CustomerId,
    CustomerScope, ExchangeFailure, Grant, Product, ProviderId, Scope, Selector, Seq, State,
    StoreError, Token, TokenId, TokenState,
    decide::{Arrival, Arrived, Source, admit, contradicts},
    exchange_failure,
};
use serde::Serialize;

use crate::{Finch, drive::Drive};
pub use error::{CompleteConnectError, ExchangeError};

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

impl Finch {
    /// Completes an attempt with what came back from Finch Connect. The same state and code again
    /// give the first one's result, once there is one. A caller that goes away cancels nothing.
    ///
    /// # Errors
    /// [`CompleteConnectError`] says whether a token exists, and where it is.
    pub async fn complete_connect(
        &self,
        scope: &impl Scope,
        state: State,
        code: AuthorizationCode,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        self.complete_in_task(scope, state, code, false).await
    }

    /// The same for a callback without `state`, by the `state` that this browser kept, such as in a cookie.
    /// An attacker can send a browser to a callback with a code of their own: the token is used only if Finch
    /// names the customer id of the attempt's session.
    ///
    /// # Errors
    /// As [`complete_connect`](Self::complete_connect), and
    /// [`UnnamedCustomer`](CompleteConnectError::UnnamedCustomer).
    pub async fn complete_connect_without_state(
        &self,
        scope: &CustomerScope,
        kept: State,
        code: AuthorizationCode,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        self.complete_in_task(scope, kept, code, true).await
    }

    async fn complete_in_task(
        &self,
        scope: &impl Scope,
        state: State,
        code: AuthorizationCode,
        stateless: bool,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let (finch, customer) = (self.clone(), scope.customer().cloned());
        let task =
            self.spawn(
                async move { finch.complete(customer.as_ref(), &state, &code, stateless).await },
            );
        task.await.unwrap_or(Err(CompleteConnectError::CutOff))
    }

    /// `stateless`: the callback carried no state.
    async fn complete(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        stateless: bool,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        if code.is_empty() {
            return Err(CompleteConnectError::NoCode);
        }
        let patience = self.exchange_patience();
        loop {
            let claimed = self.store().claim_attempt(customer, state, code, self.now()).await?;
            let (attempt, claim) = claimed.ok_or(CompleteConnectError::UnknownState)?;
            if patience.waits_for(attempt.id, &claim).await {
                continue;
            }
            return match claim {
                Claim::Expired => Err(CompleteConnectError::Expired),
                Claim::StateUsed => Err(CompleteConnectError::StateUsed),
                Claim::InProgress => Err(CompleteConnectError::InProgress),
                Claim::Repeat(end) => self.repeat(&attempt, end, customer).await,
                Claim::Begin => {
                    let running = self.exchanges().begin(attempt.id);
                    let completed = self.exchange(attempt, code, customer, stateless).await;
                    if matches!(completed, Err(CompleteConnectError::NotStored { .. })) {
                        running.leave_open();
                    }
                    completed
                }
            };
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
        stateless: bool,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let Some(began) = attempt.exchange.as_ref().map(|e| e.began) else {
            return Err(CompleteConnectError::InProgress);
        };
        let redirect_uri = attempt.purpose.flow.redirect_uri();
        match self.api().exchange(code, redirect_uri).await {
            Ok(grant) => {
                let from = match stateless {
                    false => Source::Exchange(&attempt),
                    true => Source::StatelessExchange(&attempt),
                };
                self.admit(&attempt, from, began, grant, customer).await
            }
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
        from: Source<'_>,
        began: Seq,
        grant: Grant,
        customer: Option<&CustomerId>,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let stored = match self.store_grant(from, began, &grant).await {
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
        let admitted = admit(found, arrival);
        let Some(changes) = admitted.changes else {
            return Ok((None, admitted.arrived));
        };
        let applied = self.store().apply(changes).await?;
        let token = match admitted.arrived {
            Arrived::Known(token) => Some(token),
            _ => applied.admitted,
        };
        Ok((token, admitted.arrived))
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
        return Err(if contradicts(connection, &token.facts) {
            CompleteConnectError::Conflict { connection_id }
        } else if token.facts.finch_customer_id.is_some() {
            CompleteConnectError::OtherCustomer { connection_id }
        } else {
            CompleteConnectError::UnnamedCustomer { connection_id }
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
