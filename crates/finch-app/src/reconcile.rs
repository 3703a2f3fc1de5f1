//! Reconcile: one pass over everything that is unfinished.

mod lost;

use std::collections::BTreeSet;

use finch_core::{
    Actor, Chain, Connection, ConnectionFilter, ConnectionId, ConnectionKey, Draft, Due, Intent,
    OperatorScope, Selector, StoreError, Token, TokenId, TokenState, decide,
};
use serde::Serialize;

use crate::{DisconnectOutcome, Finch, Questions, work::Effort};

/// How much one pass does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Pass {
    /// What is due: for a background task.
    #[default]
    Due,
    /// Everything that is open, whenever it would be due: a person asks. Each token is tried once, however
    /// many there are, and what Finch's answers leave to do is done in the same pass. It waits for a connection
    /// that another instance works on, up to [`disconnect_patience`](crate::FinchOptions::disconnect_patience).
    Everything,
}

/// What one pass found and did. Which customers and connections it changed goes to the
/// [event sink](crate::EventSink), and into the [events](Finch::events).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reconciled {
    /// Disconnects that Finch has proven now.
    pub disconnected: usize,
    /// Disconnects that go on.
    pub pending: Vec<StillPending>,
    /// Tokens that were in doubt and that Finch accepts: they are in use now.
    pub verified: usize,
    /// Tokens that Finch was asked about, and refuses: a customer without another one must connect again.
    pub refused: usize,
    /// Tokens still in doubt.
    pub unverified: usize,
    /// Connections whose employer Finch still has not named.
    pub unnamed: usize,
    /// Connections, and lists of them, that could not be read or written. The log says why.
    pub failed: usize,
    /// What webhooks have left to ask.
    pub questions: Questions,
}

/// A disconnect that goes on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StillPending {
    /// Its connection.
    pub connection_id: Option<ConnectionId>,
    /// How far it is.
    #[serde(flatten)]
    pub outcome: DisconnectOutcome,
}

impl Reconciled {
    /// What Finch's word has changed between two looks at a connection.
    pub(crate) fn count_changes(&mut self, before: &Connection, after: &Connection) {
        let became = |is: fn(&Token) -> bool| {
            let changed = before.tokens.iter().filter(|t| !is(t));
            changed.filter(|t| after.token(t.id).is_some_and(is)).count()
        };
        self.verified += became(|t| t.state == TokenState::Active);
        self.refused += became(|t| t.state.is_revoked());
    }
}

impl Finch {
    /// One pass: goes on with every open disconnect, ends what is left over, asks Finch about tokens in
    /// doubt, about employers without a name, and about connections of whose health a
    /// [webhook](Self::take_webhook) has spoken: of these, 20 in a pass at most, and none after two in a row that
    /// Finch does not answer for. Safe to repeat, and to run beside everything else, in
    /// this process and in others on the same store: a connection is worked on by one at a time, and all
    /// together call Finch no faster than [`reconcile_interval`](crate::FinchOptions::reconcile_interval).
    #[doc = example!(
        "let report = finch.reconcile(operator, Pass::Everything).await?;",
        r#"println!("{} disconnects are left", report.pending.len());"#,
    )]
    /// # Errors
    /// [`StoreError`]: the store cannot even be asked for work.
    pub async fn reconcile(
        &self,
        scope: &OperatorScope,
        pass: Pass,
    ) -> Result<Reconciled, StoreError> {
        self.reconcile_while(scope, pass, &|| true).await
    }

    /// The same, for as long as `goes_on` says: a call to Finch that has begun is finished, and its answer
    /// is written down.
    #[doc = example!(
        "let until = std::time::Instant::now() + std::time::Duration::from_secs(60);",
        "let goes_on = || std::time::Instant::now() < until;",
        "let report = finch.reconcile_while(operator, Pass::Due, &goes_on).await?;",
    )]
    pub async fn reconcile_while(
        &self,
        _scope: &OperatorScope,
        pass: Pass,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Reconciled, StoreError> {
        let (due, how) = match pass {
            Pass::Due => (Some(Due::at(self.now())), Effort::WhatIsDue(goes_on)),
            Pass::Everything => (None, Effort::Everything(goes_on)),
        };
        let mut report = Reconciled::default();
        let mut done = self.reconcile_all(due, how, &mut report).await;
        // Disconnects come first.
        done = done.and(self.answer_questions(due, how, &mut report.questions).await);
        match done {
            // What is done is done for good: the caller learns of it.
            Err(error) if report != Reconciled::default() => {
                tracing::warn!(error = %Chain(&error), "a pass could not be finished");
                report.failed += 1;
                Ok(report)
            }
            Err(error) => Err(error),
            Ok(()) => Ok(report),
        }
    }

    /// How many connections have work left that a reconciler goes on with.
    #[doc = example!(
        r#"println!("{} connections have work left", finch.unfinished_connections(operator).await?);"#,
    )]
    pub async fn unfinished_connections(
        &self,
        _scope: &OperatorScope,
    ) -> Result<usize, StoreError> {
        self.listed(ConnectionFilter::Due(None), None).count().await
    }

    async fn reconcile_all(
        &self,
        due: Option<Due>,
        how: Effort<'_>,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let mut listed = self.listed(ConnectionFilter::Due(due), None);
        // Connections into which others have merged in this pass: done with them.
        let mut done = BTreeSet::new();
        while let Some(key) = listed.next_key().await? {
            if !how.goes_on() {
                break;
            }
            if done.contains(&key) {
                continue;
            }
            match self.reconcile_connection(key, how, report).await {
                Ok(kept) if kept != key => drop(done.insert(kept)),
                Ok(_) => {}
                // One connection that cannot be read keeps no other one waiting.
                Err(error) => {
                    tracing::warn!(error = %Chain(&error), "a connection could not be reconciled");
                    report.failed += 1;
                }
            }
        }
        self.clear_lost_exchanges(how, report).await
    }

    /// Goes on with one connection until nothing is left that this pass can do. What Finch says of one token
    /// may leave work for the others: a connection whose employer it names merges into another one, whose
    /// disconnect is reopened; a refusal of the last live token leaves those of customers who have left.
    ///
    /// Returns where the connection is kept then.
    async fn reconcile_connection(
        &self,
        key: ConnectionKey,
        how: Effort<'_>,
        report: &mut Reconciled,
    ) -> Result<ConnectionKey, StoreError> {
        let found = self.by_key(key, None).await?;
        // By a token, since the connection may merge into another one.
        let Some(anchor) = found.and_then(|c| c.tokens.first().map(|t| t.id)) else {
            return Ok(key);
        };
        loop {
            self.begin_left_over(anchor).await?;
            let driven = self.drive(anchor, None, how).await?;
            let Some(before) = self.holding(anchor).await? else { return Ok(key) };
            match driven {
                None | Some(DisconnectOutcome::AlreadyDisconnected) => {}
                Some(DisconnectOutcome::Disconnected { .. }) => report.disconnected += 1,
                Some(outcome) => {
                    let connection_id = before.handle(None).cloned();
                    report.pending.push(StillPending { connection_id, outcome });
                    return Ok(before.key);
                }
            }
            self.settle(anchor, None, how).await?;
            let Some(after) = self.holding(anchor).await? else { return Ok(key) };
            report.count_changes(&before, &after);
            if !decide::has_new_work(&before, &after) {
                let in_doubt = after.tokens.iter().filter(|t| t.state == TokenState::Unverified);
                report.unverified += in_doubt.count();
                report.unnamed += usize::from(decide::nameless_token(&after).is_some());
                return Ok(after.key);
            }
        }
    }

    /// Begins the disconnect of what is left over, if anything is.
    async fn begin_left_over(&self, anchor: TokenId) -> Result<(), StoreError> {
        let begin = |draft: &mut Draft| {
            if decide::is_left_over(draft.connection()) {
                let intent = Intent { by: Actor::Reconciler, reason: None, at: self.now() };
                decide::fence(draft, intent);
            }
        };
        self.change(Selector::TokenId(anchor), begin).await?;
        Ok(())
    }
}
