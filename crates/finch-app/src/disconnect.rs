//! Disconnect: plan, fence, revoke until every token is refused, finish.

use finch_core::{
    AccessToken, Connection, ConnectionId, ConnectionKey, Disconnect, Failure, Intent,
    OperatorScope, Scope, Selector, StoreError, Timestamp, TokenState,
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

    /// Does what was planned, if the connection has not changed since.
    ///
    /// # Errors
    /// [`DisconnectError::PlanChanged`]: nothing was done.
    pub async fn carry_out(
        &self,
        scope: &impl Scope,
        plan: Plan,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        match plan.verdict {
            PlanVerdict::AlreadyDisconnected => return Ok(DisconnectOutcome::AlreadyDisconnected),
            PlanVerdict::SharedWithOthers => return Ok(DisconnectOutcome::SharedWithOthers),
            _ => {}
        }
        let (finch, customer, by) = (self.clone(), scope.customer().cloned(), scope.actor());
        let task = tokio::spawn(async move {
            let found = finch
                .store()
                .load(Selector::Key(plan.connection), customer.as_ref())
                .await?;
            let connection = found
                .filter(|c| c.revision == plan.revision)
                .ok_or(DisconnectError::PlanChanged)?;
            let intent = Intent {
                by,
                reason: plan.reason,
                at: finch.now(),
            };
            match finch
                .store()
                .apply(decide::fence(&connection, intent))
                .await
            {
                Ok(_) => {}
                Err(StoreError::Moved) => return Err(DisconnectError::PlanChanged),
                Err(error) => return Err(error.into()),
            }
            if customer.is_some_and(|c| connection.is_ended_for_others_too(&c)) {
                // It is under way for others: the reconciler goes on with it, and no customer hurries
                // what another one sees (I11).
                let found = finch
                    .store()
                    .load(Selector::Key(plan.connection), None)
                    .await?;
                let connection = found.ok_or(DisconnectError::PlanChanged)?;
                return Ok(pending(&connection, finch.now()));
            }
            let asked = finch.now();
            Ok(finch.drive(plan.connection, Some(asked), true).await?)
        });
        task.await.unwrap_or(Err(DisconnectError::CutOff))
    }

    async fn plan(
        &self,
        scope: &impl Scope,
        target: &DisconnectTarget,
        for_everyone: Option<String>,
    ) -> Result<Plan, DisconnectError> {
        let customer = scope.customer();
        let (selector, subject) = match target {
            DisconnectTarget::Connection(id) => (
                Selector::ConnectionId(id),
                Subject::ConnectionId(id.clone()),
            ),
            DisconnectTarget::Token(token) => {
                let id = self
                    .store()
                    .token_of(token, customer)
                    .await?
                    .ok_or(DisconnectError::NotFound)?;
                (Selector::TokenId(id), Subject::Token(id))
            }
        };
        let mut connection = self
            .store()
            .load(selector, customer)
            .await?
            .ok_or(DisconnectError::NotFound)?;
        if connection.company.is_none() {
            if let Some(token) = connection.tokens.iter().rev().find(|t| t.state.is_live()) {
                self.probe(token.id).await?;
            }
            connection = self
                .store()
                .load(selector, customer)
                .await?
                .ok_or(DisconnectError::NotFound)?;
        }
        Ok(decide::plan(&connection, &subject, customer, for_everyone))
    }

    /// Follows an open disconnect until it is finished or `options.disconnect_patience` is used up;
    /// without `waiting`, only as far as it goes at once. What was last tried before `eager_since` is
    /// tried again at once.
    pub(crate) async fn drive(
        &self,
        key: ConnectionKey,
        eager_since: Option<Timestamp>,
        waiting: bool,
    ) -> Result<DisconnectOutcome, StoreError> {
        let _turn = self.drive_alone(key).await;
        let patience = self.options().disconnect_patience;
        let until = self.now().checked_add(patience).unwrap_or(Timestamp::MAX);
        let mut anchor = None;
        loop {
            // A connection that is absorbed meanwhile goes on under the key that absorbed it.
            let selector = anchor.map_or(Selector::Key(key), Selector::TokenId);
            let Some(connection) = self.store().load(selector, None).await? else {
                return Ok(DisconnectOutcome::AlreadyDisconnected);
            };
            anchor = anchor.or_else(|| connection.tokens.first().map(|t| t.id));
            let Some(open) = connection.open_disconnect() else {
                return Ok(DisconnectOutcome::Disconnected {
                    tokens: ended_last(&connection),
                });
            };
            let now = self.now();
            match decide::next_step(&connection, now, eager_since) {
                Step::Finish => match self
                    .store()
                    .apply(decide::finish(&connection, open, now))
                    .await
                {
                    Ok(_) | Err(StoreError::Moved) => {}
                    Err(error) => return Err(error),
                },
                Step::Wait(next_try) if !waiting || next_try > until => {
                    return Ok(pending(&connection, next_try));
                }
                Step::Wait(next_try) => {
                    let wait = next_try.duration_since(now).unsigned_abs();
                    self.system().sleep(wait).await;
                }
                Step::Call(..) if now > until => return Ok(pending(&connection, now)),
                Step::Call(call, token) => self.call(&connection, call, token).await?,
            }
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

/// How many tokens the connection's last disconnect ended.
fn ended_last(connection: &Connection) -> usize {
    let last = connection
        .disconnects
        .iter()
        .filter(|d| d.ended().is_some())
        .max_by_key(|d| d.ended());
    let ended_by = |d: &Disconnect| {
        let earlier = connection
            .disconnects
            .iter()
            .filter_map(Disconnect::ended)
            .filter(|e| Some(*e) < d.ended())
            .max();
        connection
            .tokens
            .iter()
            .filter(|t| t.state.is_revoked() && earlier.is_none_or(|e| t.since() > e))
            .count()
    };
    last.map_or(0, ended_by)
}

fn pending(connection: &Connection, next_try: Timestamp) -> DisconnectOutcome {
    let unproven = || connection.tokens.iter().filter(|t| t.is_unproven());
    let trouble = unproven()
        .filter_map(|t| t.progress.trouble.as_ref())
        .max_by_key(|t| (t.attention, t.at));
    DisconnectOutcome::Pending {
        unproven: unproven().count(),
        next_try,
        trouble: trouble.map(|t| t.failure.clone()),
        attention: trouble.is_some_and(|t| t.attention),
    }
}

impl Finch {
    /// Settles what is in doubt about a connection that no disconnect holds: its tokens that are
    /// `Unverified`, and an employer that Finch has not named.
    pub(crate) async fn settle(&self, key: ConnectionKey) -> Result<(), StoreError> {
        let Some(connection) = self.store().load(Selector::Key(key), None).await? else {
            return Ok(());
        };
        if connection.open_disconnect().is_some() {
            return Ok(());
        }
        let nameless = connection.company.is_none();
        for token in connection.tokens.iter().rev() {
            if token.state == TokenState::Unverified
                || (nameless && token.state == TokenState::Active)
            {
                self.probe(token.id).await?;
            }
        }
        Ok(())
    }
}
