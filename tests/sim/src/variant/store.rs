//! Variants that lie in what is written and read.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use finch_core::{
    AccessToken, Agenda, Application, Attempt, AttemptEnd, AttemptId, AuthorizationCode, Awaits,
    Claim, Commit, Connection, ConnectionId, ConnectionKey, CustomerId, Due, Event, EventId,
    EventQuery, FinchCustomerId, Found, Grant, InstanceId, Leased, NewAttempt, Query, Refusal,
    Selector, Seq, State, StoreError, Timestamp, Token, TokenId, TokenState, TokenStore,
    UsableToken, Wanted, WebhookEvent, WebhookEventId,
};

use super::{Loss, Variant};
use crate::finch::lock;

/// A store, misused.
pub(crate) struct BrokenStore {
    /// Whose.
    pub(crate) host: usize,
    /// As it is.
    pub(crate) inner: Arc<dyn TokenStore>,
    /// How it is misused.
    pub(crate) variant: Option<Variant>,
    /// What crashes have cost.
    pub(crate) loss: Arc<Mutex<Loss>>,
}

impl BrokenStore {
    fn is(&self, variant: Variant) -> bool {
        self.variant == Some(variant)
    }

    async fn twist(&self, commit: &mut Commit) -> Result<(), StoreError> {
        let key = commit.connection.key;
        let (false, Some(variant)) = (key.0 == Seq::OF_COMMIT, self.variant) else { return Ok(()) };
        let arrives = |token: &&mut Token| token.id.0 == Seq::OF_COMMIT;
        match variant {
            Variant::OneRefusalSettlesAll | Variant::SuccessIsProof => {
                let found = self.inner.load(Selector::Key(key), None).await?;
                found.into_iter().for_each(|c| settle(commit, &c, variant));
            }
            Variant::NoUnverified => {
                for token in &mut commit.tokens {
                    if token.state == TokenState::Unverified {
                        token.state = TokenState::Active;
                    }
                }
            }
            Variant::NoCoveringRule => {
                let covered = |t: &&mut Token| {
                    matches!(t.state, TokenState::Fenced | TokenState::Superseded)
                        && t.customer.is_some()
                };
                if let Some(token) = commit.tokens.iter_mut().find(arrives).filter(covered) {
                    token.state = TokenState::Active;
                    commit.disconnects.clear();
                }
            }
            Variant::NoSuperseded => {
                let superseded = |t: &&mut Token| t.state == TokenState::Superseded;
                if let Some(token) = commit.tokens.iter_mut().find(arrives).filter(superseded) {
                    token.state = TokenState::Unverified;
                    commit.connection.agenda =
                        Agenda { due: Some(Timestamp::UNIX_EPOCH), attention: false };
                }
            }
            Variant::FenceNotDurable => {
                let fenced = commit.tokens.iter().filter(|t| t.state == TokenState::Fenced);
                lock(&self.loss).fences.extend(fenced.map(|t| (self.host, t.id)));
            }
            _ => {}
        }
        Ok(())
    }

    /// A token that is fenced, and handed out all the same.
    async fn fenced_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
    ) -> Result<Option<UsableToken>, StoreError> {
        let by = Selector::ConnectionId(connection);
        let Some(found) = self.inner.load(by, Some(customer)).await? else { return Ok(None) };
        let anyway =
            |id: TokenId| self.is(Variant::NoFence) || lock(&self.loss).unfenced.contains(&id);
        let own = found.tokens.iter().rev().filter(|t| t.customer.as_ref() == Some(customer));
        let fenced = own.into_iter().find(|t| t.state == TokenState::Fenced && anyway(t.id));
        let Some(token) = fenced else { return Ok(None) };
        let secret = self.inner.secret(token.id).await?;
        Ok(secret.map(|secret| UsableToken {
            secret,
            connection_id: token.facts.connection_id.clone(),
            products: token.facts.products.clone(),
            id: token.id,
            used_at: token.used_at,
        }))
    }

    /// Whether this variant has wiped a secret too early.
    async fn has_wiped(&self, id: TokenId) -> Result<bool, StoreError> {
        if !self.is(Variant::WipesBeforeRefusal) && !self.is(Variant::WipesRetired) {
            return Ok(false);
        }
        let Some(found) = self.inner.load(Selector::TokenId(id), None).await? else {
            return Ok(false);
        };
        let token = found.token(id);
        if self.is(Variant::WipesRetired) {
            return Ok(token.is_some_and(|t| t.state == TokenState::Retired));
        }
        let promised = |t: &&finch_core::Token| {
            let same =
                token.is_some_and(|token| token.facts.connection_id == t.facts.connection_id);
            same && t.progress.acknowledged.is_some()
        };
        Ok(found.tokens.iter().any(|t| promised(&t)))
    }
}

/// Takes for proven what is not.
fn settle(commit: &mut Commit, connection: &Connection, variant: Variant) {
    let one = commit.tokens.iter().find_map(|token| {
        let proof = match variant {
            Variant::OneRefusalSettlesAll => token.progress.refused.clone(),
            _ => token.progress.acknowledged.map(|at| Refusal { at, request_id: None }),
        };
        Some((token.facts.connection_id.clone(), proof?))
    });
    let Some((id, proof)) = one else { return };
    let all = variant == Variant::OneRefusalSettlesAll;
    for token in connection.tokens.iter().filter(|t| t.is_unproven()) {
        if all || token.facts.connection_id == id {
            let mut token = token.clone();
            token.progress.refused = Some(proof.clone());
            commit.tokens.retain(|row| row.id != token.id);
            commit.tokens.push(token);
        }
    }
    commit.connection.agenda = Agenda { due: Some(Timestamp::UNIX_EPOCH), attention: false };
}

#[async_trait]
impl TokenStore for BrokenStore {
    fn application(&self) -> &Application {
        self.inner.application()
    }

    async fn open_attempt(
        &self,
        attempt: NewAttempt,
        state: &State,
    ) -> Result<AttemptId, StoreError> {
        self.inner.open_attempt(attempt, state).await
    }

    async fn claim_attempt(
        &self,
        customer: Option<&CustomerId>,
        state: &State,
        code: &AuthorizationCode,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let claimed = self.inner.claim_attempt(customer, state, code, now).await?;
        Ok(claimed.map(|(attempt, claim)| {
            if self.is(Variant::NoIntent) && claim == Claim::Begin {
                lock(&self.loss).running.push((self.host, attempt.id));
            }
            let again = self.is(Variant::StateNotConsumed) && attempt.exchange.is_some();
            (attempt, if again { Claim::Begin } else { claim })
        }))
    }

    async fn end_attempt(&self, id: AttemptId, end: AttemptEnd) -> Result<(), StoreError> {
        lock(&self.loss).running.retain(|(_, running)| *running != id);
        self.inner.end_attempt(id, end).await
    }

    async fn possible_orphans(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let mut listed = self.inner.possible_orphans(customer, now, after, limit).await?;
        listed.retain(|attempt| !lock(&self.loss).attempts.contains(&attempt.id));
        Ok(listed)
    }

    async fn taken_customer_ids(
        &self,
        customer: &CustomerId,
        candidates: &[FinchCustomerId],
    ) -> Result<Vec<FinchCustomerId>, StoreError> {
        self.inner.taken_customer_ids(customer, candidates).await
    }

    async fn find(&self, grant: &Grant) -> Result<Found, StoreError> {
        self.inner.find(grant).await
    }

    async fn load(
        &self,
        selector: Selector<'_>,
        customer: Option<&CustomerId>,
    ) -> Result<Option<Connection>, StoreError> {
        self.inner.load(selector, customer).await
    }

    async fn token_of(
        &self,
        secret: &AccessToken,
        customer: Option<&CustomerId>,
    ) -> Result<Option<TokenId>, StoreError> {
        self.inner.token_of(secret, customer).await
    }

    async fn commit(&self, mut commit: Commit) -> Result<Seq, StoreError> {
        self.twist(&mut commit).await?;
        let ends = commit.attempt.as_ref().map(|(id, _)| *id);
        let number = self.inner.commit(commit).await?;
        lock(&self.loss).running.retain(|(_, running)| Some(*running) != ends);
        Ok(number)
    }

    async fn secret(&self, token: TokenId) -> Result<Option<AccessToken>, StoreError> {
        if self.has_wiped(token).await? {
            return Ok(None);
        }
        self.inner.secret(token).await
    }

    async fn usable_token(
        &self,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &Wanted,
    ) -> Result<Option<UsableToken>, StoreError> {
        let found = self.inner.usable_token(customer, connection, wanted).await?;
        let leaks = self.is(Variant::NoFence) || self.is(Variant::FenceNotDurable);
        if found.is_none() && leaks {
            return self.fenced_token(customer, connection).await;
        }
        Ok(found)
    }

    async fn connections(&self, query: &Query<'_>) -> Result<Vec<Connection>, StoreError> {
        self.inner.connections(query).await
    }

    async fn work(
        &self,
        due: Option<Due>,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.inner.work(due, after, limit).await
    }

    async fn attention(
        &self,
        after: Option<ConnectionKey>,
        limit: usize,
    ) -> Result<Vec<ConnectionKey>, StoreError> {
        self.inner.attention(after, limit).await
    }

    async fn lease(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        match self.variant {
            Some(Variant::LeaseIgnored) => Ok(Leased::Taken),
            _ => self.inner.lease(connection, owner, now).await,
        }
    }

    async fn release(
        &self,
        connection: ConnectionKey,
        owner: &InstanceId,
    ) -> Result<(), StoreError> {
        self.inner.release(connection, owner).await
    }

    async fn take_turn(&self, every: Duration, now: Timestamp) -> Result<Timestamp, StoreError> {
        self.inner.take_turn(every, now).await
    }

    async fn take_number(&self) -> Result<Seq, StoreError> {
        self.inner.take_number().await
    }

    async fn note_use(
        &self,
        token: TokenId,
        now: Timestamp,
        first: Event,
    ) -> Result<(), StoreError> {
        self.inner.note_use(token, now, first).await
    }

    async fn events(&self, query: &EventQuery<'_>) -> Result<Vec<(EventId, Event)>, StoreError> {
        self.inner.events(query).await
    }

    async fn keep_webhook(&self, event: WebhookEvent, awaits: Awaits) -> Result<bool, StoreError> {
        self.inner.keep_webhook(event, awaits).await
    }

    async fn webhooks(
        &self,
        awaits: Awaits,
        after: Option<Seq>,
        limit: usize,
    ) -> Result<Vec<(Seq, WebhookEvent)>, StoreError> {
        self.inner.webhooks(awaits, after, limit).await
    }

    async fn webhook_done(&self, id: &WebhookEventId) -> Result<bool, StoreError> {
        self.inner.webhook_done(id).await
    }
}
