//! Disconnect: plan, fence, revoke until every token is refused, finish.

use std::{
    collections::BTreeSet,
    time::{Duration, Instant},
};

use finch_core::{
    AccessToken, Actor, Connection, ConnectionId, CustomerId, CustomerScope, Failure, Intent,
    OperatorScope, Query, Scope, Selector, StoreError, Timestamp, Token, TokenId, TokenState,
    decide::{self, Plan, PlanVerdict, Step, Subject},
};
use serde::Serialize;
use thiserror::Error;

use crate::Finch;

/// What to disconnect. It names the whole connection: all tokens of the same provider and company.
#[derive(Clone, Debug)]
pub enum DisconnectTarget {
    /// The connection with this `connection_id`.
    Connection(ConnectionId),
    /// The connection of this token, live or not.
    Token(AccessToken),
}

impl From<ConnectionId> for DisconnectTarget {
    fn from(id: ConnectionId) -> Self {
        Self::Connection(id)
    }
}

impl From<AccessToken> for DisconnectTarget {
    fn from(token: AccessToken) -> Self {
        Self::Token(token)
    }
}

/// How a disconnect came out. Every outcome is the truth as written in the store.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
#[non_exhaustive]
pub enum DisconnectOutcome {
    /// Finch has refused every token: the connection has ended, here and there.
    Disconnected {
        /// How many tokens it ended.
        tokens: usize,
    },
    /// The tokens are unusable here; Finch has not proven the end. The reconciler goes on.
    Pending {
        /// How many tokens lack the proof.
        unproven: usize,
        /// When it goes on by itself.
        next_try: Timestamp,
        /// What stands in the way, as far as Finch has said.
        trouble: Option<Failure>,
        /// A person should look at it.
        attention: bool,
    },
    /// It had ended before. Nothing was sent.
    AlreadyDisconnected,
    /// Other customers use the connection, and this scope may not end it for them. Nothing was done.
    SharedWithOthers,
}

/// Why a disconnect was not made, or not followed to its end.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DisconnectError {
    /// There is no such connection, or it is another customer's.
    #[error("there is no such connection")]
    NotFound,
    /// The connection has changed since it was planned. Nothing was done.
    #[error("the connection has changed since the plan was made: make it again")]
    PlanChanged,
    /// The store failed. Where the intent was stored before, the reconciler goes on.
    #[error("the store failed during the disconnect: reconcile goes on with what was stored")]
    Store(#[from] StoreError),
    /// The task that did the work has ended early. The reconciler goes on.
    #[error("the disconnect was cut off: reconcile goes on with it")]
    CutOff,
}

/// How far a disconnect is followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Drive {
    /// What is due, without waiting.
    WhatIsDue,
    /// Everything once, due or not, without waiting: a person asks.
    Everything,
    /// Everything once, and on until `disconnect_patience` is used up: a person waits.
    Patiently,
}

impl Finch {
    /// What a disconnect would hit. Changes nothing, but for the employer of a connection that has none
    /// yet: Finch is asked for it.
    ///
    /// # Errors
    /// [`DisconnectError::NotFound`], [`DisconnectError::Store`].
    pub async fn plan_disconnect(
        &self,
        scope: &impl Scope,
        target: impl Into<DisconnectTarget>,
    ) -> Result<Plan, DisconnectError> {
        self.plan(scope, &target.into(), None).await
    }

    /// The same for an operator who means to end the connection for every customer that uses it, and
    /// says why.
    ///
    /// # Errors
    /// As [`Finch::plan_disconnect`].
    pub async fn plan_disconnect_for_everyone(
        &self,
        scope: &OperatorScope,
        target: impl Into<DisconnectTarget>,
        reason: impl Into<String>,
    ) -> Result<Plan, DisconnectError> {
        self.plan(scope, &target.into(), Some(reason.into())).await
    }

    /// Disconnects: from the moment the intent is stored, no call hands out a token of the connection;
    /// then Finch is asked until it refuses every one of them. A second call joins the first. A caller
    /// that goes away cancels nothing.
    ///
    /// # Errors
    /// [`DisconnectError`].
    pub async fn disconnect(
        &self,
        scope: &impl Scope,
        target: impl Into<DisconnectTarget>,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        let target = target.into();
        loop {
            let plan = self.plan(scope, &target, None).await?;
            match self.carry_out(scope, plan).await {
                Err(DisconnectError::PlanChanged) => {}
                outcome => return outcome,
            }
        }
    }

    /// Disconnects every connection of a customer, one after the other: the outcome of each, by a handle
    /// of it. Those that have ended already are left out.
    ///
    /// # Errors
    /// [`DisconnectError`]: the rest was not tried.
    pub async fn disconnect_all(
        &self,
        scope: &CustomerScope,
    ) -> Result<Vec<(ConnectionId, DisconnectOutcome)>, DisconnectError> {
        let mut outcomes = Vec::new();
        let mut after = None;
        loop {
            let query = Query { customer: Some(scope.id()), connection: None, after, limit: 100 };
            let page = self.store().connections(&query).await?;
            for connection in &page {
                let left = connection.tokens.iter().rev().find(|t| !t.state.is_revoked());
                if let Some(token) = left {
                    let id = token.facts.connection_id.clone();
                    outcomes.push((id.clone(), self.disconnect(scope, id).await?));
                }
            }
            after = page.last().map(|c| c.key);
            if after.is_none() {
                return Ok(outcomes);
            }
        }
    }

    /// Does what was planned, if the connection has not changed since.
    ///
    /// # Errors
    /// [`DisconnectError::PlanChanged`]: nothing was done.
    pub async fn carry_out(
        &self,
        scope: &impl Scope,
        plan: Plan,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        let (finch, customer, by) = (self.clone(), scope.customer().cloned(), scope.actor());
        let task =
            tokio::spawn(async move { finch.fence_and_drive(customer.as_ref(), by, plan).await });
        task.await.unwrap_or(Err(DisconnectError::CutOff))
    }

    async fn fence_and_drive(
        &self,
        customer: Option<&CustomerId>,
        by: Actor,
        plan: Plan,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        let found = self.store().load(Selector::Key(plan.connection), customer).await?;
        let connection = found.filter(|c| c.revision == plan.revision);
        let connection = connection.ok_or(DisconnectError::PlanChanged)?;
        // The plan may have been made in another scope: this one decides.
        let plan = decide::plan(&connection, &plan.subject, customer, plan.reason);
        match plan.verdict {
            PlanVerdict::AlreadyDisconnected => return Ok(DisconnectOutcome::AlreadyDisconnected),
            PlanVerdict::SharedWithOthers => return Ok(DisconnectOutcome::SharedWithOthers),
            _ => {}
        }
        let Some(anchor) = connection.tokens.first().map(|t| t.id) else {
            return Err(DisconnectError::NotFound);
        };
        let reason = plan.reason.filter(|_| customer.is_none());
        let intent = Intent { by, reason, at: self.now() };
        match self.store().apply(decide::fence(&connection, intent)).await {
            Ok(_) => {}
            Err(StoreError::Moved) => return Err(DisconnectError::PlanChanged),
            Err(error) => return Err(error.into()),
        }
        if customer.is_some_and(|c| connection.is_ended_for_others_too(c)) {
            // It is under way for others: the reconciler goes on with it, and no customer hurries what
            // another one sees (I11).
            let found = self.store().load(Selector::TokenId(anchor), customer).await?;
            let connection = found.ok_or(DisconnectError::NotFound)?;
            return Ok(pending(&connection, customer, self.now()));
        }
        let outcome = self.drive(anchor, customer, Drive::Patiently).await?;
        Ok(outcome.unwrap_or(DisconnectOutcome::AlreadyDisconnected))
    }

    async fn plan(
        &self,
        scope: &impl Scope,
        target: &DisconnectTarget,
        for_everyone: Option<String>,
    ) -> Result<Plan, DisconnectError> {
        let customer = scope.customer();
        let (selector, subject) = match target {
            DisconnectTarget::Connection(id) => {
                (Selector::ConnectionId(id), Subject::ConnectionId(id.clone()))
            }
            DisconnectTarget::Token(token) => {
                let id = self
                    .store()
                    .token_of(token, customer)
                    .await?
                    .ok_or(DisconnectError::NotFound)?;
                (Selector::TokenId(id), Subject::Token(id))
            }
        };
        let mut connection =
            self.store().load(selector, customer).await?.ok_or(DisconnectError::NotFound)?;
        if connection.company.is_none() {
            let own = |t: &&Token| customer.is_none() || t.customer.as_ref() == customer;
            let live = connection.tokens.iter().rev().filter(own).find(|t| t.state.is_live());
            if let Some(token) = live {
                self.probe(token.id).await?;
            }
            let found = self.store().load(selector, customer).await?;
            connection = found.ok_or(DisconnectError::NotFound)?;
        }
        Ok(decide::plan(&connection, &subject, customer, for_everyone))
    }

    /// Follows the open disconnect of the connection that holds this token. None: there is none open.
    /// What a customer hears of it speaks of that customer's tokens only.
    pub(crate) async fn drive(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Drive,
    ) -> Result<Option<DisconnectOutcome>, StoreError> {
        // By a token, since a connection may be absorbed by another one meanwhile.
        let load = || self.store().load(Selector::TokenId(anchor), None);
        let Some(connection) = load().await? else { return Ok(None) };
        let _turn = self.drive_alone(connection.key).await;
        let mut open_before: Option<Connection> = None;
        let mut tried = BTreeSet::new();
        let mut used = Duration::ZERO;
        loop {
            let Some(connection) = load().await? else { return Ok(None) };
            let Some(open) = connection.open_disconnect() else {
                // Another process has finished it.
                let ended = open_before.map(|before| covered(&before, customer).count());
                return Ok(ended.map(|tokens| DisconnectOutcome::Disconnected { tokens }));
            };
            let now = self.now();
            let hurry = (how != Drive::WhatIsDue).then_some(&tried);
            match decide::next_step(&connection, now, hurry) {
                Step::Finish => {
                    match self.store().apply(decide::finish(&connection, open, now)).await {
                        Ok(_) => {
                            let tokens = covered(&connection, customer).count();
                            return Ok(Some(DisconnectOutcome::Disconnected { tokens }));
                        }
                        Err(StoreError::Moved) => {}
                        Err(error) => return Err(error),
                    }
                }
                Step::Wait(next_try) => {
                    let wait = next_try.duration_since(now).unsigned_abs();
                    used += wait;
                    if how != Drive::Patiently || used > self.options().disconnect_patience {
                        return Ok(Some(pending(&connection, customer, next_try)));
                    }
                    self.system().sleep(wait).await;
                }
                Step::Call(..) if used > self.options().disconnect_patience => {
                    return Ok(Some(pending(&connection, customer, now)));
                }
                Step::Call(call, token) => {
                    let began = Instant::now();
                    self.call(&connection, call, token).await?;
                    used += began.elapsed();
                    tried.insert(token);
                }
            }
            open_before = Some(connection);
        }
    }

    /// One call to Finch with one token, and its answer written down.
    async fn call(
        &self,
        connection: &Connection,
        call: decide::Call,
        token: finch_core::TokenId,
    ) -> Result<(), StoreError> {
        let secret = match self.store().secret(token).await {
            Ok(Some(secret)) => secret,
            Ok(None) | Err(StoreError::Unreadable { .. }) => {
                return self.note_unreadable(token).await;
            }
            Err(error) => return Err(error),
        };
        let answer = match call {
            decide::Call::Disconnect => self.api().disconnect(&secret).await,
            decide::Call::Introspect => self.api().introspect(&secret).await.map(|_| ()),
        };
        let mut seen = Some(connection.clone());
        while let Some(connection) = seen {
            let changes = decide::record(
                &connection,
                token,
                call,
                answer.as_ref().copied(),
                self.now(),
                self.jitter(),
            );
            match self.store().apply(changes).await {
                Ok(_) => break,
                Err(StoreError::Moved) => {
                    seen = self.store().load(Selector::TokenId(token), None).await?
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}

/// The tokens that a disconnect is ending, as far as `customer` may hear of them.
fn covered<'a>(
    connection: &'a Connection,
    customer: Option<&'a CustomerId>,
) -> impl Iterator<Item = &'a Token> {
    let own = move |t: &&Token| customer.is_none() || t.customer.as_ref() == customer;
    connection.tokens.iter().filter(|t| t.state == TokenState::Fenced).filter(own)
}

fn pending(
    connection: &Connection,
    customer: Option<&CustomerId>,
    next_try: Timestamp,
) -> DisconnectOutcome {
    let unproven = || covered(connection, customer).filter(|t| t.is_unproven());
    let troubles = unproven().filter_map(|t| t.progress.trouble.as_ref());
    let trouble = troubles.max_by_key(|t| (t.attention, t.at));
    DisconnectOutcome::Pending {
        unproven: unproven().count(),
        next_try,
        trouble: trouble.map(|t| t.failure.clone()),
        attention: trouble.is_some_and(|t| t.attention),
    }
}

impl Finch {
    /// Settles what is in doubt about the connection that holds this token, and that no disconnect
    /// holds: tokens that are `Unverified`, and an employer that Finch has not named. With a customer,
    /// only by asking about that customer's tokens.
    pub(crate) async fn settle(
        &self,
        anchor: TokenId,
        customer: Option<&CustomerId>,
        how: Drive,
    ) -> Result<(), StoreError> {
        let Some(connection) = self.store().load(Selector::TokenId(anchor), None).await? else {
            return Ok(());
        };
        if connection.open_disconnect().is_some() {
            return Ok(());
        }
        let now = self.now();
        let asks_for_a_name = decide::nameless_token(&connection).map(|t| t.id);
        for token in connection.tokens.iter().rev() {
            let doubtful =
                token.state == TokenState::Unverified || asks_for_a_name == Some(token.id);
            let own = customer.is_none() || token.customer.as_ref() == customer;
            if doubtful && own && (how != Drive::WhatIsDue || token.progress.is_due(now)) {
                self.probe(token.id).await?;
            }
        }
        Ok(())
    }
}
