//! Reconcile: one pass over everything that is unfinished.

mod connection;
mod cover;

use std::collections::BTreeSet;

use finch_core::{
    ABANDONED_AFTER, Attempt, AttemptEnd, AttemptId, ConnectionFilter, ConnectionId, Cover,
    CustomerId, Due, Failure, OperatorScope, Scope, Selector, StoreError, Timestamp,
};
use serde::Serialize;

use crate::{Changed, DisconnectOutcome, Finch, Questions, drive::Drive, walk::Walk};

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

/// What one pass found and did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Reconciled {
    /// Disconnects that Finch has proven now.
    pub disconnected: Vec<Changed>,
    /// Disconnects that go on.
    pub pending: Vec<StillPending>,
    /// Connections with tokens in doubt that Finch accepts: they are in use now.
    pub verified: Vec<Changed>,
    /// Connections with tokens that Finch was asked about, and refuses: a customer without another one must
    /// connect again.
    pub refused: Vec<Changed>,
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
    /// How it stands.
    #[serde(flatten)]
    pub outcome: DisconnectOutcome,
}

/// An exchange whose token may exist at Finch, and be billed, without anybody having it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PossibleOrphan {
    /// Whose attempt it was.
    pub customer: CustomerId,
    /// When the exchange began.
    pub began_at: Timestamp,
    /// The connection that was renewed, where it was not a new one.
    pub reauthenticates: Option<ConnectionId>,
    /// What became of Finch's answer; none: the process ended before it came.
    pub failure: Option<Failure>,
    /// For the next page.
    #[serde(skip)]
    pub id: AttemptId,
}

impl Finch {
    /// One pass: goes on with every open disconnect, ends what is left over, asks Finch about tokens in
    /// doubt, about employers without a name, and about connections of whose health a
    /// [webhook](Self::take_webhook) has spoken: of these, 20 in a pass at most, and none after two in a row that
    /// Finch does not answer for. Safe to repeat, and to run beside everything else, in
    /// this process and in others on the same store: a connection is worked on by one at a time, and all
    /// together call Finch no faster than [`reconcile_interval`](crate::FinchOptions::reconcile_interval).
    ///
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
    ///
    /// # Errors
    /// As [`reconcile`](Self::reconcile).
    pub async fn reconcile_while(
        &self,
        _scope: &OperatorScope,
        pass: Pass,
        goes_on: &(dyn Fn() -> bool + Sync),
    ) -> Result<Reconciled, StoreError> {
        let (due, how) = match pass {
            Pass::Due => (Some(Due::at(self.now())), Drive::WhatIsDue(goes_on)),
            Pass::Everything => (None, Drive::Everything(goes_on)),
        };
        let mut report = Reconciled::default();
        let mut done = self.reconcile_all(due, how, &mut report).await;
        // Disconnects come first.
        done = done.and(self.answer_questions(due, how, &mut report.questions).await);
        match done {
            // What is done is done for good: the caller learns of it.
            Err(error) if report != Reconciled::default() => {
                tracing::warn!(%error, "a pass could not be finished");
                report.failed += 1;
                Ok(report)
            }
            Err(error) => Err(error),
            Ok(()) => Ok(report),
        }
    }

    async fn reconcile_all(
        &self,
        due: Option<Due>,
        how: Drive<'_>,
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
                    tracing::warn!(%error, "a connection could not be reconciled");
                    report.failed += 1;
                }
            }
        }
        self.clear_lost_exchanges(how, report).await
    }

    /// Takes lost exchanges off the list, for good: those that were to renew a connection which has ended
    /// since, and those that a later token has covered until Finch ended it. Where it depends on whether Finch
    /// accepts that token, Finch is asked, until it gives no answer.
    async fn clear_lost_exchanges(
        &self,
        how: Drive<'_>,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let (mut walk, now, mut asks) = (Walk::of("possible_orphans"), self.now(), true);
        loop {
            let page = self.store().possible_orphans(None, now, walk.after(), 100).await?;
            if !walk.goes_on(page.iter().map(|lost| lost.id))? {
                return Ok(());
            }
            for lost in &page {
                if let Err(error) = self.clear_lost_exchange(lost, how, &mut asks, report).await {
                    tracing::warn!(%error, "a lost exchange stays listed");
                    report.failed += 1;
                }
            }
        }
    }

    async fn clear_lost_exchange(
        &self,
        lost: &Attempt,
        how: Drive<'_>,
        asks: &mut bool,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let renewed = match &lost.purpose.reauthenticates {
            Some(id) => self.store().load(Selector::ConnectionId(id), None).await?,
            None => None,
        };
        let end = match self.cover(lost).await? {
            _ if renewed.is_some_and(|renewed| lost.has_ended_with(&renewed)) => {
                AttemptEnd::Cleared
            }
            Cover::Ends(end) => end,
            Cover::Asks(end) if *asks && self.accepts_cover(lost, how, asks, report).await? => end,
            Cover::Asks(_) | Cover::Holds | Cover::Lost => return Ok(()),
        };
        self.end_attempt(lost.id, end).await
    }

    /// What a later token of the same connection is worth to a lost exchange.
    async fn cover(&self, lost: &Attempt) -> Result<Cover, StoreError> {
        let Some(by) = lost.covered_by() else { return Ok(Cover::Lost) };
        let since = self.system().monotonic();
        let found = self.store().load(Selector::TokenId(by), None).await?;
        let token = found.as_ref().and_then(|connection| connection.token(by));
        Ok(token.map_or(Cover::Lost, |token| lost.cover(token, self.is_over(lost, since))))
    }

    /// A page of the exchanges whose token may exist without anybody having it. The way out: connect
    /// the customer again; the new token joins the same connection, and one disconnect ends both.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn possible_orphans(
        &self,
        scope: &impl Scope,
        after: Option<AttemptId>,
        limit: usize,
    ) -> Result<Vec<PossibleOrphan>, StoreError> {
        let (mut found, mut walk) = (Vec::new(), Walk::behind("possible_orphans", after));
        while found.len() < limit {
            let (left, now, after) = (limit - found.len(), self.now(), walk.after());
            let page = self.store().possible_orphans(scope.customer(), now, after, left).await?;
            if !walk.goes_on(page.iter().map(|lost| lost.id))? {
                break;
            }
            for lost in page {
                if self.cover(&lost).await? == Cover::Lost {
                    found.extend(possible_orphan(lost));
                }
            }
        }
        Ok(found)
    }

    /// The exchanges, up to `limit`, that run now, or whose process has died a short while ago: after
    /// [`ABANDONED_AFTER`] they are possible orphans.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unfinished_exchanges(
        &self,
        scope: &impl Scope,
        limit: usize,
    ) -> Result<Vec<PossibleOrphan>, StoreError> {
        let now = self.now();
        let later = now.checked_add(ABANDONED_AFTER).unwrap_or(Timestamp::MAX);
        let listed = self.store().possible_orphans(scope.customer(), later, None, limit).await?;
        let unfinished = listed.into_iter().filter(|attempt| !attempt.is_possible_orphan(now));
        Ok(unfinished.filter_map(possible_orphan).collect())
    }

    /// How many connections have work left that a reconciler goes on with.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn unfinished_connections(
        &self,
        _scope: &OperatorScope,
    ) -> Result<usize, StoreError> {
        self.listed(ConnectionFilter::Due(None), None).count().await
    }
}

fn possible_orphan(attempt: Attempt) -> Option<PossibleOrphan> {
    Some(PossibleOrphan {
        failure: attempt.failure(),
        began_at: attempt.exchange.as_ref()?.began_at,
        customer: attempt.purpose.customer,
        reauthenticates: attempt.purpose.reauthenticates,
        id: attempt.id,
    })
}
