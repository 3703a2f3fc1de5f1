//! Complete: exchange the code, and store the token whatever the checks say.

mod error;
mod outcome;

use std::time::Duration;

use finch_core::{
    Attempt, AttemptEnd, AttemptId, AuthorizationCode, Claim, Commit, Connection, ConnectionKey,
    CustomerId, CustomerScope, ExchangeFailure, Grant, Revision, Scope, Selector, Seq, State,
    StoreError, Token, TokenId, TokenState,
    decide::{Admitted, Arrival, Arrived, Source, admit},
    exchange_failure,
};

use error::failed;
pub use error::{CompleteConnectError, ExchangeError, TokenFate};
pub use outcome::CompletedConnect;
use outcome::completed;

use crate::{Finch, change::Refusals, drive::Drive};

/// When an exchange began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    /// Its place in the order of things.
    pub(crate) number: Seq,
    /// By the process's own clock, before anything was sent.
    pub(crate) monotonic: Duration,
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
    /// Anybody can send a browser to a callback with a code of their own: the token is used only if Finch
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
        let task = self.spawn(async move {
            match finch.complete(customer.as_ref(), &state, &code, stateless).await {
                Err(error) => Err(finch.rescue(error).await),
                completed => completed,
            }
        });
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
        self.vault().ready().await?;
        let patience = self.exchange_patience();
        let (state, code_hash) = (self.vault().state(state), self.vault().code(code));
        loop {
            let claimed =
                self.store().claim_attempt(customer, &state, &code_hash, self.now()).await?;
            let (attempt, claim) = claimed.ok_or(CompleteConnectError::UnknownState)?;
            if patience.waits_for(attempt.id, &claim).await {
                continue;
            }
            return match claim {
                Claim::Expired => Err(CompleteConnectError::Expired),
                Claim::StateUsed => Err(CompleteConnectError::StateUsed),
                Claim::InProgress => Err(CompleteConnectError::InProgress),
                Claim::Repeat(end) => self.repeat(&attempt, end).await,
                Claim::Begin => {
                    let running = self.exchanges().begin(attempt.id);
                    let began_at = attempt.exchange.as_ref().map(|exchange| exchange.began_at);
                    let completed = self.exchange(attempt, code, stateless).await;
                    if matches!(completed, Err(CompleteConnectError::Unknown(_))) {
                        began_at.into_iter().for_each(|at| self.note_late_effect(at));
                    }
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
    ) -> Result<CompletedConnect, CompleteConnectError> {
        use ExchangeError::Earlier;
        match end {
            AttemptEnd::Stored(token) => {
                let connection = self.store().load(Selector::TokenId(token), None).await?;
                completed(attempt, connection.as_ref(), token)
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
        stateless: bool,
    ) -> Result<CompletedConnect, CompleteConnectError> {
        let Some(number) = attempt.exchange.as_ref().map(|e| e.began) else {
            return Err(CompleteConnectError::InProgress);
        };
        let began = Began { number, monotonic: self.system().monotonic() };
        let redirect_uri = attempt.purpose.flow.redirect_uri();
        match self.api().exchange(code, redirect_uri).await {
            Ok(mut grant) => {
                if stateless && grant.facts.finch_customer_id.is_none() {
                    // Without it the token would be quarantined: the other answer may name it.
                    let said = self.api().introspect(&grant.secret).await;
                    grant.facts.finch_customer_id =
                        said.ok().and_then(|s| s.facts.finch_customer_id);
                }
                let from = match stateless {
                    false => Source::Exchange(&attempt),
                    true => Source::StatelessExchange(&attempt),
                };
                self.admit(&attempt, from, began, grant).await
            }
            Err(error) => {
                let (failure, means) = (error.failure(), exchange_failure(&error));
                let end = match means {
                    ExchangeFailure::NotSent => AttemptEnd::NotSent(failure),
                    ExchangeFailure::Definite => AttemptEnd::Failed(failure),
                    ExchangeFailure::Unknown => AttemptEnd::Unknown(failure),
                };
                let error = failed(&attempt, error, means);
                // Should this fail too, the attempt stays open and is listed as a possible orphan.
                if let Err(error) = self.end_attempt(attempt.id, end).await {
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
        began: Began,
        grant: Grant,
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
            if let Err(error) = self.end_attempt(attempt.id, AttemptEnd::ForeignToken).await {
                tracing::warn!(%error, "the end of an exchange could not be stored");
            }
            return Err(CompleteConnectError::ForeignToken);
        };
        let load = || self.store().load(Selector::TokenId(token), None);
        let mut connection = load().await.unwrap_or_default();
        let customer = Some(&attempt.purpose.customer);
        // A doubt, or an employer without a name, is settled at once where Finch answers.
        if connection.as_ref().is_none_or(|c| self.has_doubts(c, customer, Drive::AtOnce)) {
            if let Err(error) = self.settle(token, customer, Drive::AtOnce).await {
                tracing::debug!(%error, "left to the reconciler");
            }
            connection = load().await.unwrap_or_default();
        }
        let is_unknown = |t: &Token| t.state == TokenState::Active && t.facts.products.is_empty();
        if let Some(found) = &connection
            && found.token(token).is_some_and(is_unknown)
        {
            if let Err(error) = self.learn_products(token, found.key).await {
                tracing::debug!(%error, "the token's products stay unknown");
            }
            connection = load().await.unwrap_or_default();
        }
        let found = connection.as_ref().and_then(|c| Some((c, c.token(token)?)));
        if let Some((connection, token)) = found.filter(|(_, token)| !token.state.is_revoked())
            && let Err(error) = self.clear_orphans(attempt, connection, token, began).await
        {
            tracing::debug!(%error, "possible orphans stay listed");
        }
        completed(attempt, connection.as_ref(), token)
    }

    /// Asks Finch what a token covers, where its exchange did not say it.
    async fn learn_products(
        &self,
        token: TokenId,
        connection: ConnectionKey,
    ) -> Result<(), StoreError> {
        let mut work = self.work_on(connection).await;
        let asked = self.probe(token, &mut work).await;
        work.release().await;
        asked.map(drop)
    }

    /// Takes the customer's lost exchanges off the list whose tokens, if there are any, end with this
    /// one's connection.
    async fn clear_orphans(
        &self,
        by: &Attempt,
        connection: &Connection,
        token: &Token,
        began: Began,
    ) -> Result<(), StoreError> {
        let customer = Some(&by.purpose.customer);
        let mut lost = self.store().possible_orphans(customer, self.now(), None, 1000).await?;
        lost.retain(|lost| lost.is_cleared_by(by, &token.facts));
        // One of them has made it.
        let took_effect = by.has_renewed_unknown(connection, token) && lost.len() == 1;
        for orphan in lost {
            let was_over = self.is_over(&orphan, began.monotonic) && token.state.is_live();
            let is_over = took_effect || was_over;
            let end = orphan.cleared_by(token, is_over);
            self.end_attempt(orphan.id, end).await?;
        }
        Ok(())
    }

    /// Writes how an exchange ended without a token.
    pub(crate) async fn end_attempt(
        &self,
        attempt: AttemptId,
        end: AttemptEnd,
    ) -> Result<(), StoreError> {
        let commit = Commit { attempt: Some((attempt, end)), ..Commit::default() };
        self.store().commit(commit).await.map(drop)
    }

    /// Stores a token, for as long as the store has a chance: a try that has begun by then is the last. A commit whose result is unknown is looked
    /// up: the token is then known already. Returns its record, or none if the token is another customer's.
    pub(crate) async fn store_grant(
        &self,
        from: Source<'_>,
        began: Began,
        grant: &Grant,
    ) -> Result<(Option<TokenId>, Arrived), StoreError> {
        let began_at = self.system().monotonic();
        let patience = self.options().store_patience;
        let (mut wait, mut refusals) = (Duration::from_millis(50), Refusals::default());
        loop {
            match self.admit_once(from, began, grant).await {
                Ok(stored) => return Ok(stored),
                Err(StoreError::Moved) => refusals.count(Revision(0))?,
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
        began: Began,
        grant: &Grant,
    ) -> Result<(Option<TokenId>, Arrived), StoreError> {
        let Grant { secret, facts } = grant;
        let fingerprint = self.vault().token(secret);
        let found = self.store().find(&fingerprint, facts).await?;
        let Began { number, monotonic } = began;
        let found_connections = found.by_pair.iter().chain(&found.by_connection_id);
        let late = self.late(found_connections, monotonic).is_some();
        let (facts, now) = (facts.clone(), self.now());
        let arrival = Arrival { facts, fingerprint, from, began: number, now, late };
        let Admitted { draft, arrived } = admit(found, arrival);
        let Some(draft) = draft else {
            return Ok((None, arrived));
        };
        let committed = self.commit_with(draft, Some(secret)).await?;
        let token = match arrived {
            Arrived::Known(token) => Some(token),
            _ => committed.number.map(TokenId),
        };
        Ok((token, arrived))
    }
}
