//! Disconnect: plan, fence, revoke until every token is refused, finish.

mod follow;
mod request;

use finch_core::{
    Actionable, Actor, Advice, Connection, ConnectionFilter, ConnectionId, CustomerId,
    CustomerScope, Draft, ErrorKind, Failure, Intent, Scope, Selector, StoreError, Timestamp,
    Token, TokenId,
    decide::{self, Plan, PlanVerdict, Subject},
};
use serde::Serialize;
use thiserror::Error;

use self::follow::pending;
pub use self::request::{DisconnectRequest, DisconnectTarget};
use crate::{Finch, work::Effort};

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
    /// It had ended before, and nothing was sent; or an operator closed it meanwhile, on their word.
    AlreadyDisconnected,
    /// Other customers use the connection, so that Finch was not called: this customer's access has ended
    /// here, for good, and the connection goes on.
    Retired {
        /// How many tokens of this customer that are.
        tokens: usize,
    },
    /// Several customers use the connection, and the operator has not said that it ends for all of them.
    /// Nothing was done.
    SharedWithOthers,
}

/// Why a disconnect was not made, not followed to its end, or not closed; or why a lost exchange was not dismissed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DisconnectError {
    /// There is no such connection, or it is another customer's.
    #[error("there is no such connection")]
    NotFound,
    /// The connection has changed since it was planned. Nothing was done.
    #[error("the connection has changed since the plan was made, and nothing was done")]
    PlanChanged,
    /// The connection has no open disconnect that could be closed.
    #[error("no disconnect of this connection is open")]
    NotDisconnecting,
    /// There is no such exchange on the list of possible orphans.
    #[error("no such exchange is listed")]
    NotListed,
    /// No reason was given: it is the only evidence that will be left.
    #[error("the reason is missing")]
    NoReason,
    /// The store failed. Where the intent was stored before, the reconciler goes on.
    #[error("the store failed during the disconnect")]
    Store(#[from] StoreError),
    /// The store failed while a disconnect or a lost exchange was closed.
    #[error("the store failed, and what was to be closed may still be open")]
    NotClosed(#[source] StoreError),
    /// The task that did the work has ended early. The reconciler goes on.
    #[error("the disconnect was cut off")]
    CutOff,
}

impl Actionable for DisconnectError {
    fn advice(&self) -> Advice {
        const CONTINUES: &str = "the reconciler (`finch reconcile`) continues what was stored";
        match self {
            Self::NotFound => Advice::no_such_connection(),
            Self::PlanChanged => {
                let step = "make the plan again, and look at it before you confirm";
                Advice::new(ErrorKind::State, "plan_changed", step)
            }
            Self::NotDisconnecting => {
                let step = "disconnect the connection first";
                Advice::new(ErrorKind::State, "not_disconnecting", step)
            }
            Self::NotListed => {
                let step = "`finch attention` lists what can be closed";
                Advice::new(ErrorKind::NotFound, "not_found", step)
            }
            Self::NoReason => {
                let step = "give the reason: it is the only evidence that will be left";
                Advice::new(ErrorKind::InvalidInput, "no_reason", step)
            }
            Self::Store(error) => error.advice().then(CONTINUES),
            Self::NotClosed(error) => error.advice(),
            Self::CutOff => Advice::retry(ErrorKind::Unfinished, "cut_off", CONTINUES),
        }
    }
}

/// What the fence has led to. A token names the connection, whatever it becomes part of.
enum Fenced {
    /// There is nothing to follow.
    Over(DisconnectOutcome),
    /// A disconnect is under way for other customers too: the reconciler goes on with it, and no customer hurries
    /// what another one sees (I11).
    UnderWay(TokenId),
    /// A disconnect is open.
    Open(TokenId),
}

impl Finch {
    /// What a disconnect would hit. Changes nothing, but for the employer of a connection that has none
    /// yet: Finch is asked for it.
    #[doc = example!(
        "let plan = finch.plan_disconnect(acme, id).await?;",
        r#"println!("{} tokens would stop working: {:?}", plan.tokens, plan.verdict);"#,
    )]
    /// # Errors
    /// [`DisconnectError::NotFound`], [`DisconnectError::Store`].
    pub async fn plan_disconnect(
        &self,
        scope: &impl Scope,
        request: impl Into<DisconnectRequest>,
    ) -> Result<Plan, DisconnectError> {
        self.plan(scope.customer(), &request.into()).await
    }

    /// Disconnects: from the moment the intent is stored, no call hands out a token of the connection;
    /// then Finch is asked until it refuses every one of them. A second call joins the first. Where other
    /// customers use the connection, a customer's disconnect ends that customer's access only. A caller
    /// that goes away cancels nothing.
    #[doc = example!(
        "let plan = finch.plan_disconnect(acme, id).await?; // show it",
        "match finch.disconnect(acme, plan).await? {",
        r#"    DisconnectOutcome::Pending { next_try, .. } => println!("goes on at {next_try}"),"#,
        r#"    outcome => println!("{outcome:?}"),"#,
        "}",
    )]
    /// # Errors
    /// [`DisconnectError`]. After [`PlanChanged`](DisconnectError::PlanChanged), of a request that a person has agreed
    /// to, nothing was done: show the new plan.
    pub async fn disconnect(
        &self,
        scope: &impl Scope,
        request: impl Into<DisconnectRequest>,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        let (request, finch) = (request.into(), self.clone());
        let (customer, by) = (scope.customer().cloned(), scope.actor());
        let task =
            self.spawn(async move { finch.plan_and_disconnect(customer, by, request).await });
        task.await.unwrap_or(Err(DisconnectError::CutOff))
    }

    /// Disconnects every connection of a customer, one after the other: the outcome of each, by a handle
    /// of it. Those that have ended already are left out.
    #[doc = example!(
        "for (connection, outcome) in finch.disconnect_all(acme).await? {",
        r#"    println!("{connection}: {outcome:?}");"#,
        "}",
    )]
    /// # Errors
    /// [`DisconnectError`]: the rest was not tried.
    pub async fn disconnect_all(
        &self,
        scope: &CustomerScope,
    ) -> Result<Vec<(ConnectionId, DisconnectOutcome)>, DisconnectError> {
        let mut outcomes = Vec::new();
        let mut listed = self.listed(ConnectionFilter::Customer(scope.id()), None);
        while let Some(connection) = listed.next().await? {
            let is_left =
                |t: &&Token| !t.state.is_revoked() && !connection.has_ended_for_its_customer(t);
            if let Some(token) = connection.tokens.iter().rev().find(is_left) {
                let id = token.facts.connection_id.clone();
                outcomes.push((id.clone(), self.disconnect(scope, id).await?));
            }
        }
        Ok(outcomes)
    }

    async fn plan_and_disconnect(
        &self,
        customer: Option<CustomerId>,
        by: Actor,
        request: DisconnectRequest,
    ) -> Result<DisconnectOutcome, DisconnectError> {
        let customer = customer.as_ref();
        let fenced = loop {
            let Plan { connection, subject, .. } = self.plan(customer, &request).await?;
            let fence = |draft: &mut Draft| {
                let plan = self.plan_of(draft.connection(), &subject, customer, &request);
                match &request.agreed {
                    Some(agreed) if !plan.keeps_to(agreed) => Err(DisconnectError::PlanChanged),
                    _ => Ok(self.fence(draft, customer, &by, plan)),
                }
            };
            // None: it has become part of another one.
            if let Some(fenced) = self.change(Selector::Key(connection), fence).await? {
                break fenced?;
            }
        };
        let anchor = match fenced {
            Fenced::Over(outcome) => return Ok(outcome),
            Fenced::UnderWay(anchor) => {
                let connection = self.holding(anchor).await?.ok_or(DisconnectError::NotFound)?;
                return Ok(pending(&connection, customer, self.now()));
            }
            Fenced::Open(anchor) => anchor,
        };
        let outcome = self.drive(anchor, customer, Effort::Patiently).await?;
        Ok(outcome.unwrap_or(DisconnectOutcome::AlreadyDisconnected))
    }

    /// Writes down what the plan says, if it says anything.
    fn fence(
        &self,
        draft: &mut Draft,
        customer: Option<&CustomerId>,
        by: &Actor,
        plan: Plan,
    ) -> Fenced {
        let (now, connection) = (self.now(), draft.connection());
        let anchor = connection.tokens.first().map(|t| t.id);
        let is_under_way = customer.is_some_and(|c| connection.is_ended_for_others_too(c));
        match (plan.verdict, customer, anchor) {
            (PlanVerdict::Disconnects | PlanVerdict::Joins, _, Some(anchor)) => {
                decide::fence(draft, Intent { by: by.clone(), reason: plan.reason, at: now });
                if is_under_way { Fenced::UnderWay(anchor) } else { Fenced::Open(anchor) }
            }
            (PlanVerdict::Retires, Some(customer), _) => {
                decide::retire(draft, customer, now);
                Fenced::Over(DisconnectOutcome::Retired { tokens: plan.tokens })
            }
            (PlanVerdict::SharedWithOthers, ..) => {
                Fenced::Over(DisconnectOutcome::SharedWithOthers)
            }
            _ => Fenced::Over(DisconnectOutcome::AlreadyDisconnected),
        }
    }

    async fn plan(
        &self,
        customer: Option<&CustomerId>,
        request: &DisconnectRequest,
    ) -> Result<Plan, DisconnectError> {
        let store = &self.inner.store;
        let (found, subject) = match &request.target {
            DisconnectTarget::ConnectionId(id) => {
                let found = store.load(Selector::ConnectionId(id), customer).await?;
                (found, Subject::ConnectionId(id.clone()))
            }
            DisconnectTarget::Token(token) => {
                let fingerprint = self.inner.vault.token(token);
                let found = store.load(Selector::Fingerprint(&fingerprint), customer).await?;
                let token = found.as_ref().and_then(|c| c.token_of(&fingerprint));
                let token = token.map(|t| t.id).ok_or(DisconnectError::NotFound)?;
                (found, Subject::Token(token))
            }
            // What was planned is known by its record: there is nothing to ask Finch.
            DisconnectTarget::Planned(plan) => {
                let found = self.by_key(plan.connection, customer).await?;
                let found = found.ok_or(DisconnectError::PlanChanged)?;
                return Ok(self.plan_of(&found, &plan.subject, customer, request));
            }
        };
        let mut connection = found.ok_or(DisconnectError::NotFound)?;
        if connection.company.is_none() {
            let live = connection.tokens_of(customer).rev().find(|t| t.state.is_live());
            if let Some(token) = live.map(|t| t.id) {
                let mut work = self.work_on(connection.key).await;
                self.probe(token, &mut work).await?;
                let found = store.load(Selector::TokenId(token), customer).await?;
                connection = found.ok_or(DisconnectError::NotFound)?;
            }
        }
        Ok(self.plan_of(&connection, &subject, customer, request))
    }

    /// Only an operator ends a connection for everyone.
    fn plan_of(
        &self,
        connection: &Connection,
        subject: &Subject,
        customer: Option<&CustomerId>,
        request: &DisconnectRequest,
    ) -> Plan {
        let for_everyone = request.for_everyone.clone().filter(|_| customer.is_none());
        let digest = |text: &str| self.inner.vault.digest(text);
        decide::plan(connection, subject, customer, for_everyone, &digest)
    }
}
