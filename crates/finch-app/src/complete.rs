//! Complete: exchange the code, and store the token whatever the checks say.

mod error;
mod outcome;

use finch_core::{
    AccessToken, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Chain, Claim, Commit,
    CustomerId, CustomerScope, ExchangeFailure, FinchApiError, Grant, Scope, State, StoreError,
    TokenFacts, TokenId, decide::Source, exchange_failure,
};

pub use error::{CompleteConnectError, TokenFate};
pub use outcome::CompletedConnect;
use outcome::completed;

use crate::{Finch, UnstoredToken, admit::Began, orphans::UNSETTLED, work::Effort};

impl Finch {
    /// Completes an attempt with what came back from Finch Connect. The same state and code again
    /// give the first one's result, once there is one. A caller that goes away cancels nothing.
    #[doc = example!(
        r#"# let (state, code) = ("", "");"#,
        "// Of the callback's query.",
        "let (state, code) = (State::new(state), AuthorizationCode::new(code));",
        "let connected = finch.complete_connect(acme, state, code).await?;",
        r#"println!("{} is connected", connected.connection_id);"#,
    )]
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
    #[doc = example!(
        r#"# let (kept, code) = (State::new(""), AuthorizationCode::new(""));"#,
        "let connected = finch.complete_connect_without_state(acme, kept, code).await?;",
    )]
    /// # Errors
    /// As [`complete_connect`](Self::complete_connect), and
    /// [`Quarantined`](CompleteConnectError::Quarantined) where Finch names none.
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

    /// Gives the sink a token that an error carries. What it keeps, the error carries no longer.
    async fn rescue(&self, error: CompleteConnectError) -> CompleteConnectError {
        let Some(sink) = &self.inner.sink else { return error };
        let CompleteConnectError::NotStored { token, source } = error else { return error };
        if let Err(problem) = sink.rescue(&token).await {
            tracing::error!(problem = %Chain(&*problem), "the event sink could not keep a token that is live and billed");
            return CompleteConnectError::NotStored { token, source };
        }
        CompleteConnectError::Rescued { exchange: token.exchange, source }
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
        self.inner.vault.ready().await?;
        let patience = self.inner.options.exchange_patience;
        let until = self.inner.system.monotonic().saturating_add(patience);
        let (state, code_hash) = (self.inner.vault.state(state), self.inner.vault.code(code));
        loop {
            let claimed =
                self.inner.store.claim_attempt(customer, &state, &code_hash, self.now()).await?;
            let (attempt, claim) = claimed.ok_or(CompleteConnectError::UnknownState)?;
            if self.inner.exchanges.waited_for(attempt.id, &claim, &*self.inner.system, until).await
            {
                continue;
            }
            return match claim {
                Claim::Expired => Err(CompleteConnectError::Expired),
                Claim::StateUsed => Err(CompleteConnectError::StateUsed),
                Claim::InProgress => Err(CompleteConnectError::InProgress),
                Claim::Repeat(end) => self.repeat(&attempt, end).await,
                Claim::Begin => {
                    let running = self.inner.exchanges.begin(attempt.id);
                    let began_at = attempt.exchange.as_ref().map(|exchange| exchange.began_at);
                    let completed = self.exchange(attempt, code, stateless).await;
                    if matches!(completed, Err(CompleteConnectError::Unknown(_))) {
                        began_at.into_iter().for_each(|at| self.inner.pending_effects.note(at));
                    }
                    // The end of an unplaced token's exchange is already stored.
                    if let Err(CompleteConnectError::NotStored { token, .. }) = &completed
                        && token.issued.is_some()
                    {
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
        match end {
            AttemptEnd::Stored(token) => {
                let connection = self.holding(token).await?;
                completed(attempt, connection.as_ref(), token)
            }
            AttemptEnd::ForeignToken => Err(CompleteConnectError::ForeignToken),
            AttemptEnd::NotSent(failure) => Err(CompleteConnectError::NotSent(failure.into())),
            AttemptEnd::Failed(failure) => Err(CompleteConnectError::Failed(failure.into())),
            AttemptEnd::Unknown(failure) | AttemptEnd::Covered { failure, .. } => {
                Err(CompleteConnectError::Unknown(failure.into()))
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
        let began = Began { number, monotonic: self.inner.system.monotonic() };
        let redirect_uri = attempt.purpose.flow.redirect_uri();
        match self.inner.api.exchange(code, redirect_uri).await {
            Ok(mut grant) => {
                if stateless && grant.facts.finch_customer_id.is_none() {
                    // Without it the token would be quarantined: the other answer may name it.
                    let said = self.inner.api.introspect(&grant.secret).await;
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
                let (failed, failure) = (exchange_failure(&error), error.failure());
                let end = match failed {
                    ExchangeFailure::NotSent => AttemptEnd::NotSent(failure),
                    ExchangeFailure::Definite => AttemptEnd::Failed(failure),
                    ExchangeFailure::Unknown => AttemptEnd::Unknown(failure),
                };
                self.give_up(attempt.id, end).await;
                Err(match (failed, error) {
                    (_, FinchApiError::Unplaced { secret, source }) => {
                        let token = unstored(&attempt, secret, None);
                        CompleteConnectError::NotStored { token, source }
                    }
                    (ExchangeFailure::NotSent, error) => CompleteConnectError::NotSent(error),
                    (ExchangeFailure::Definite, error) => CompleteConnectError::Failed(error),
                    (ExchangeFailure::Unknown, error) => CompleteConnectError::Unknown(error),
                })
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
            Ok(stored) => stored,
            Err(source) => {
                let token = unstored(attempt, grant.secret, Some(grant.facts));
                let source = Box::new(source);
                return Err(CompleteConnectError::NotStored { token, source });
            }
        };
        let Some(token) = stored else {
            self.give_up(attempt.id, AttemptEnd::ForeignToken).await;
            return Err(CompleteConnectError::ForeignToken);
        };
        let mut connection = self.holding(token).await.unwrap_or_default();
        let customer = Some(&attempt.purpose.customer);
        // A doubt, an employer without a name or a token without products is settled at once where Finch answers.
        if connection.as_ref().is_none_or(|c| self.has_doubts(c, customer, Effort::AtOnce)) {
            if let Err(error) = self.settle(token, customer, Effort::AtOnce).await {
                tracing::debug!(error = %Chain(&error), "some doubts are left");
            }
            connection = self.holding(token).await.unwrap_or_default();
        }
        if let Err(error) = self.clear_orphans(attempt, token, began).await {
            tracing::debug!(error = %Chain(&error), "possible orphans stay listed");
        }
        completed(attempt, connection.as_ref(), token)
    }

    /// Takes the customer's lost exchanges off the list whose tokens, if there are any, end with this
    /// one's connection.
    async fn clear_orphans(
        &self,
        by: &Attempt,
        token: TokenId,
        began: Began,
    ) -> Result<(), StoreError> {
        let customer = Some(&by.purpose.customer);
        let (unsettled, more) = self.lost_exchanges(customer, UNSETTLED, None, 1000).await?;
        if unsettled.is_empty() {
            return Ok(());
        }
        // Loaded last: an exchange that is no longer unsettled has its token in the connection.
        let connection = self.holding(token).await?;
        let found = connection.as_ref().and_then(|c| Some((c, c.token(token)?)));
        let Some((connection, token)) = found.filter(|(_, t)| !t.state.is_revoked()) else {
            return Ok(());
        };
        let mut others: Vec<_> =
            unsettled.into_iter().filter(|other| other.is_cleared_by(by, &token.facts)).collect();
        // One of them made the connection, possibly one that still runs.
        let took_effect =
            more.is_none() && others.len() == 1 && by.has_renewed_unknown(connection, token);
        let now = self.now();
        others.retain(|other| other.is_possible_orphan(now));
        for orphan in others {
            let was_over = self.is_over(&orphan, began.monotonic) && token.state.is_live();
            let is_over = took_effect || was_over;
            let end = orphan.cleared_by(token, is_over);
            self.end_attempt(orphan.id, end).await?;
        }
        Ok(())
    }

    /// The exchange has brought no token to store. Should that not be written, the attempt stays open and is listed as
    /// a possible orphan.
    async fn give_up(&self, attempt: AttemptId, end: AttemptEnd) {
        if let Err(error) = self.end_attempt(attempt, end).await {
            tracing::warn!(error = %Chain(&error), "the end of an exchange could not be stored");
        }
    }

    /// Writes how an exchange ended without a token.
    pub(crate) async fn end_attempt(
        &self,
        attempt: AttemptId,
        end: AttemptEnd,
    ) -> Result<(), StoreError> {
        let commit = Commit { attempt: Some((attempt, end)), ..Commit::default() };
        self.inner.store.commit(commit).await.map(drop)
    }
}

fn unstored(
    attempt: &Attempt,
    token: AccessToken,
    issued: Option<TokenFacts>,
) -> Box<UnstoredToken> {
    let (customer, exchange) = (attempt.purpose.customer.clone(), attempt.id);
    Box::new(UnstoredToken { token, customer, issued, exchange })
}
