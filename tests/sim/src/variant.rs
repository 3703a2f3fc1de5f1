//! Broken variants: each leaves out one thing that the design asks for, mostly in what it writes and reads.
//! They exist only here, to test that the checks would notice.

use std::collections::{HashMap, HashSet};

use async_trait::async_trait;
use finch_core::{
    Agenda, Attempt, AttemptId, Claim, Commit, Connection, ConnectionId, ConnectionKey, CustomerId,
    Fingerprint, InstanceId, Leased, Refusal, Sealed, SealedToken, SecretRow, Selector, Seq,
    StoreError, Timestamp, Token, TokenId, TokenQuery, TokenState, TokenStore,
};
use finch_testkit::Intercept;

use crate::{finch::lock, host::Shared};

/// What is left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Variant {
    /// Any 401 means that the token is dead.
    Any401IsDead,
    /// One refused token settles the whole connection.
    OneRefusalSettlesAll,
    /// Finch's 200 to a disconnect is taken for the proof.
    SuccessIsProof,
    /// Tokens are handed out until the remote call has succeeded.
    NoFence,
    /// An exchange begins without a durable record of it.
    NoIntent,
    /// The code is sent again after a lost answer.
    ResendsTheCode,
    /// What should be asked about is used at once.
    NoUnverified,
    /// A late token of a disconnected generation is used.
    NoCoveringRule,
    /// A late token of an old generation counts as in doubt.
    NoSuperseded,
    /// An ambiguous attempt is taken for one without effect.
    NoSevenMinutes,
    /// The fence is lost at a crash.
    FenceNotDurable,
    /// A secret is wiped at Finch's promise, before the refusal.
    WipesBeforeRefusal,
    /// A worker does not wait for a lease.
    LeaseIgnored,
    /// A state can be used again.
    StateNotConsumed,
    /// A retired token's secret is wiped.
    WipesRetired,
}

/// What broken variants have lost or kept.
#[derive(Debug, Default)]
pub(crate) struct Loss {
    /// Exchanges that run, by host.
    running: Vec<(usize, AttemptId)>,
    /// Exchanges without a record.
    attempts: HashSet<AttemptId>,
    /// Fences that are not on disk yet, by host.
    fences: Vec<(usize, TokenId)>,
    /// Tokens whose fence is lost.
    unfenced: HashSet<TokenId>,
    /// Tokens whose secret is wiped.
    wiped: HashSet<TokenId>,
    /// What was last handed out.
    given: HashMap<(CustomerId, ConnectionId), SealedToken>,
}

impl Loss {
    pub(crate) fn crash(&mut self, host: usize) {
        let lost = self.running.extract_if(.., |(of, _)| *of == host).map(|(_, id)| id);
        self.attempts.extend(lost);
        let lost = self.fences.extract_if(.., |(of, _)| *of == host).map(|(_, id)| id);
        self.unfenced.extend(lost);
    }
}

/// One host's way to the store.
pub(crate) struct Broken {
    pub(crate) host: usize,
    pub(crate) variant: Variant,
    pub(crate) shared: Shared,
}

impl Broken {
    fn is(&self, variant: Variant) -> bool {
        self.variant == variant
    }

    fn loss(&self) -> std::sync::MutexGuard<'_, Loss> {
        lock(&self.shared.loss)
    }

    async fn twist(&self, next: &dyn TokenStore, commit: &mut Commit) -> Result<(), StoreError> {
        let Some(row) = &commit.connection else { return Ok(()) };
        let key = row.key;
        if key.0 == Seq::OF_COMMIT {
            return Ok(());
        }
        let mut arrived = commit.tokens.iter_mut().find(|token| token.id.0 == Seq::OF_COMMIT);
        let arrived_as = arrived.as_ref().map(|token| token.state.clone());
        match (self.variant, arrived_as) {
            (Variant::OneRefusalSettlesAll | Variant::SuccessIsProof, _) => {
                let found = next.load(Selector::Key(key), None).await?;
                found.into_iter().for_each(|c| settle(commit, &c, self.variant));
            }
            (Variant::NoUnverified, _) => {
                let tokens = commit.tokens.iter_mut();
                let unverified = tokens.filter(|token| token.state == TokenState::Unverified);
                unverified.for_each(|token| token.state = TokenState::Active);
            }
            (Variant::NoCoveringRule, Some(TokenState::Fenced | TokenState::Superseded)) => {
                let of_a_customer = arrived.take_if(|token| token.customer.is_some());
                if let Some(token) = of_a_customer {
                    token.state = TokenState::Active;
                    commit.disconnects.clear();
                }
            }
            (Variant::NoSuperseded, Some(TokenState::Superseded)) => {
                arrived.into_iter().for_each(|token| token.state = TokenState::Unverified);
                is_due(commit);
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
            let sealed = self.shared.keys.opened().seal(token, token.sealed_as(), &secret).ok();
            match row {
                Some(row) => row.sealed = sealed,
                None => commit.secrets.push(SecretRow { token: token.id, sealed }),
            }
        }
        Ok(())
    }

    /// Notes what is fenced, and wiped too early.
    fn note(&self, token: &Token) {
        let wiped = match self.variant {
            Variant::WipesRetired => token.state == TokenState::Retired,
            Variant::WipesBeforeRefusal => token.progress.acknowledged.is_some(),
            Variant::FenceNotDurable if token.state == TokenState::Fenced => {
                return self.loss().fences.push((self.host, token.id));
            }
            _ => false,
        };
        if wiped {
            self.loss().wiped.insert(token.id);
        }
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
                self.loss().running.push((self.host, attempt.id));
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
        listed.retain(|attempt| !self.loss().attempts.contains(&attempt.id));
        Ok(listed)
    }

    async fn commit(&self, next: &dyn TokenStore, mut commit: Commit) -> Result<Seq, StoreError> {
        self.twist(next, &mut commit).await?;
        self.reseal(next, &mut commit).await?;
        let number = next.commit(commit.clone()).await?;
        let ends = commit.attempt.as_ref().map(|(id, _)| *id);
        self.loss().running.retain(|(_, running)| Some(*running) != ends);
        commit.numbered(number).tokens.iter().for_each(|token| self.note(token));
        Ok(number)
    }

    async fn sealed(
        &self,
        next: &dyn TokenStore,
        token: TokenId,
    ) -> Result<Option<Sealed>, StoreError> {
        if self.loss().wiped.contains(&token) {
            return Ok(None);
        }
        next.sealed(token).await
    }

    /// What was handed out goes on to be, although it is fenced.
    async fn usable_token(
        &self,
        next: &dyn TokenStore,
        customer: &CustomerId,
        connection: &ConnectionId,
        query: &TokenQuery,
    ) -> Result<Option<SealedToken>, StoreError> {
        let found = next.usable_token(customer, connection, query).await?;
        if !self.is(Variant::NoFence) && !self.is(Variant::FenceNotDurable) {
            return Ok(found);
        }
        let place = (customer.clone(), connection.clone());
        if let Some(found) = found {
            self.loss().given.insert(place, found.clone());
            return Ok(Some(found));
        }
        let Some(given) = self.loss().given.get(&place).cloned() else { return Ok(None) };
        let anyway = self.is(Variant::NoFence) || self.loss().unfenced.contains(&given.id);
        let stored = next.load(Selector::TokenId(given.id), None).await?;
        let state = stored.as_ref().and_then(|c| c.token(given.id)).map(|token| &token.state);
        Ok((anyway && state == Some(&TokenState::Fenced)).then_some(given))
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
