//! Variants that lie in what is written and read.

use async_trait::async_trait;
use finch_core::{
    Agenda, Attempt, AttemptId, Claim, Commit, Connection, ConnectionId, ConnectionKey, CustomerId,
    Fingerprint, InstanceId, Leased, Refusal, Sealed, SealedAs, SealedToken, SecretRow, Selector,
    Seq, StoreError, Timestamp, Token, TokenId, TokenQuery, TokenState, TokenStore,
};
use finch_testkit::Intercept;

use super::Variant;
use crate::{finch::lock, host::Shared};

pub(crate) struct Broken {
    pub(crate) host: usize,
    pub(crate) variant: Variant,
    pub(crate) shared: Shared,
}

impl Broken {
    fn is(&self, variant: Variant) -> bool {
        self.variant == variant
    }

    async fn twist(&self, next: &dyn TokenStore, commit: &mut Commit) -> Result<(), StoreError> {
        let Some(row) = &commit.connection else { return Ok(()) };
        let key = row.key;
        if key.0 == Seq::OF_COMMIT {
            return Ok(());
        }
        let arrives = |token: &&mut Token| token.id.0 == Seq::OF_COMMIT;
        match self.variant {
            Variant::OneRefusalSettlesAll | Variant::SuccessIsProof => {
                let found = next.load(Selector::Key(key), None).await?;
                found.into_iter().for_each(|c| settle(commit, &c, self.variant));
            }
            Variant::NoUnverified => {
                let unverified = |token: &&mut Token| token.state == TokenState::Unverified;
                let tokens = commit.tokens.iter_mut().filter(unverified);
                tokens.for_each(|token| token.state = TokenState::Active);
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
                    is_due(commit);
                }
            }
            Variant::FenceNotDurable => {
                let fenced = commit.tokens.iter().filter(|t| t.state == TokenState::Fenced);
                lock(&self.shared.loss).fences.extend(fenced.map(|t| (self.host, t.id)));
            }
            _ => {}
        }
        Ok(())
    }

    /// Seals as what it is what a twisted commit says.
    async fn reseal(&self, next: &dyn TokenStore, commit: &mut Commit) -> Result<(), StoreError> {
        for token in commit.tokens.iter().filter(|token| !token.state.is_revoked()) {
            let row = commit.secrets.iter_mut().find(|row| row.token == token.id);
            let sealed = match &row {
                Some(row) => row.sealed.clone(),
                None => next.sealed(token.id).await?,
            };
            let secret = sealed.and_then(|sealed| self.shared.keys.open_any(token, &sealed));
            let Some(secret) = secret else { continue };
            let sealed = Some(self.shared.keys.seal(token, token.sealed_as(), &secret));
            match row {
                Some(row) => row.sealed = sealed,
                None => commit.secrets.push(SecretRow { token: token.id, sealed }),
            }
        }
        Ok(())
    }

    /// A token that is fenced, and handed out all the same.
    async fn fenced_token(
        &self,
        next: &dyn TokenStore,
        customer: &CustomerId,
        connection: &ConnectionId,
    ) -> Result<Option<SealedToken>, StoreError> {
        let by = Selector::ConnectionId(connection);
        let Some(found) = next.load(by, Some(customer)).await? else { return Ok(None) };
        let anyway = |id: TokenId| {
            self.is(Variant::NoFence) || lock(&self.shared.loss).unfenced.contains(&id)
        };
        let own = found.tokens.iter().rev().filter(|t| t.customer.as_ref() == Some(customer));
        let fenced = own.into_iter().find(|t| t.state == TokenState::Fenced && anyway(t.id));
        let Some(token) = fenced else { return Ok(None) };
        let held = next.sealed(token.id).await?;
        let secret = held.and_then(|sealed| self.shared.keys.open_any(token, &sealed));
        Ok(secret.map(|secret| SealedToken {
            sealed: self.shared.keys.seal(token, SealedAs::Usable, &secret),
            fingerprint: token.fingerprint,
            connection_id: token.facts.connection_id.clone(),
            products: token.facts.products.clone(),
            id: token.id,
            used_at: token.used_at,
        }))
    }

    /// Whether this variant has wiped a secret too early.
    async fn has_wiped(&self, next: &dyn TokenStore, id: TokenId) -> Result<bool, StoreError> {
        if !self.is(Variant::WipesBeforeRefusal) && !self.is(Variant::WipesRetired) {
            return Ok(false);
        }
        let Some(found) = next.load(Selector::TokenId(id), None).await? else {
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
    is_due(commit);
}

fn is_due(commit: &mut Commit) {
    if let Some(row) = &mut commit.connection {
        row.agenda = Agenda { due: Some(Timestamp::UNIX_EPOCH), ..Agenda::default() };
    }
}

#[async_trait]
impl Intercept for Broken {
    async fn claim_attempt(
        &self,
        next: &dyn TokenStore,
        customer: Option<&CustomerId>,
        state: &Fingerprint,
        code: &Fingerprint,
        now: Timestamp,
    ) -> Result<Option<(Attempt, Claim)>, StoreError> {
        let claimed = next.claim_attempt(customer, state, code, now).await?;
        Ok(claimed.map(|(attempt, claim)| {
            if self.is(Variant::NoIntent) && claim == Claim::Begin {
                lock(&self.shared.loss).running.push((self.host, attempt.id));
            }
            let again = self.is(Variant::StateNotConsumed) && attempt.exchange.is_some();
            (attempt, if again { Claim::Begin } else { claim })
        }))
    }

    async fn possible_orphans(
        &self,
        next: &dyn TokenStore,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<Attempt>, StoreError> {
        let mut listed = next.possible_orphans(customer, now, after, limit).await?;
        listed.retain(|attempt| !lock(&self.shared.loss).attempts.contains(&attempt.id));
        Ok(listed)
    }

    async fn commit(&self, next: &dyn TokenStore, mut commit: Commit) -> Result<Seq, StoreError> {
        self.twist(next, &mut commit).await?;
        self.reseal(next, &mut commit).await?;
        let ends = commit.attempt.as_ref().map(|(id, _)| *id);
        let number = next.commit(commit).await?;
        lock(&self.shared.loss).running.retain(|(_, running)| Some(*running) != ends);
        Ok(number)
    }

    async fn sealed(
        &self,
        next: &dyn TokenStore,
        token: TokenId,
    ) -> Result<Option<Sealed>, StoreError> {
        if self.has_wiped(next, token).await? {
            return Ok(None);
        }
        next.sealed(token).await
    }

    async fn usable_token(
        &self,
        next: &dyn TokenStore,
        customer: &CustomerId,
        connection: &ConnectionId,
        wanted: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let found = next.usable_token(customer, connection, wanted).await?;
        let leaks = self.is(Variant::NoFence) || self.is(Variant::FenceNotDurable);
        if found.is_none() && leaks {
            return self.fenced_token(next, customer, connection).await;
        }
        Ok(found)
    }

    async fn lease(
        &self,
        next: &dyn TokenStore,
        connection: ConnectionKey,
        owner: &InstanceId,
        now: Timestamp,
    ) -> Result<Leased, StoreError> {
        match self.variant {
            Variant::LeaseIgnored => Ok(Leased::Taken),
            _ => next.lease(connection, owner, now).await,
        }
    }
}
