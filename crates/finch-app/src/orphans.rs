//! Lost exchanges: a token may exist at Finch, and be billed, that is stored nowhere.

use std::time::Duration;

use finch_core::{
    Attempt, AttemptEnd, AttemptId, ConnectionId, Cover, CustomerId, Failure, OperatorScope, Scope,
    Seq, StoreError, Timestamp,
};
use serde::Serialize;

use crate::{Cursor, DisconnectError, Finch, Listing, Page, walk::last_of};

/// By this time every exchange without an end counts as lost, those that run among them.
pub(crate) const UNSETTLED: Timestamp = Timestamp::MAX;

/// An exchange whose token may exist at Finch, and be billed, without being stored.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct PossibleOrphan {
    /// Its number, for [`Finch::dismiss_orphan`].
    pub exchange: AttemptId,
    /// Whose attempt it was.
    pub customer: CustomerId,
    /// When the exchange began.
    pub began_at: Timestamp,
    /// The connection that was renewed, where it was not a new one.
    pub reauthenticates: Option<ConnectionId>,
    /// What became of Finch's answer; none: the process ended before it came.
    pub failure: Option<Failure>,
}

impl PossibleOrphan {
    fn of(attempt: Attempt) -> Option<Self> {
        Some(Self {
            exchange: attempt.id,
            failure: attempt.failure(),
            began_at: attempt.exchange.as_ref()?.began_at,
            customer: attempt.purpose.customer,
            reauthenticates: attempt.purpose.reauthenticates,
        })
    }
}

impl Finch {
    /// The exchanges whose token may exist without being stored. The way out: connect the customer again; the
    /// new token joins the same connection, and one disconnect ends both.
    #[doc = example!(
        "for lost in finch.possible_orphans(operator).all().await? {",
        r#"    println!("{} should connect again", lost.customer);"#,
        "}",
    )]
    pub fn possible_orphans<'a>(&'a self, scope: &'a impl Scope) -> Listing<'a, PossibleOrphan> {
        let customer = scope.customer();
        Listing::new(move |after, limit| async move {
            let (rows, next) = self.lost_exchanges(customer, self.now(), after, limit).await?;
            let mut items = Vec::new();
            for lost in rows {
                if self.cover(&lost).await? == Cover::Lost {
                    items.extend(PossibleOrphan::of(lost));
                }
            }
            Ok(Page { items, unreadable: 0, next })
        })
    }

    /// The exchanges that run now, or whose process has died a short while ago: after
    /// [`ABANDONED_AFTER`](finch_core::ABANDONED_AFTER) they are possible orphans.
    #[doc = example!(
        "let running = finch.unfinished_exchanges(operator).all().await?;",
    )]
    pub fn unfinished_exchanges<'a>(
        &'a self,
        scope: &'a impl Scope,
    ) -> Listing<'a, PossibleOrphan> {
        let customer = scope.customer();
        Listing::new(move |after, limit| async move {
            let now = self.now();
            let (rows, next) = self.lost_exchanges(customer, UNSETTLED, after, limit).await?;
            let unfinished = rows.into_iter().filter(|lost| !lost.is_possible_orphan(now));
            let items = unfinished.filter_map(PossibleOrphan::of).collect();
            Ok(Page { items, unreadable: 0, next })
        })
    }

    /// Takes a lost exchange off the list of possible orphans, on the word of the operator and for this
    /// reason: Finch's dashboard or support shows that no token is left of it.
    #[doc = example!(
        "# let lost: PossibleOrphan = unreachable!();",
        r#"finch.dismiss_orphan(operator, lost.exchange, "the dashboard shows no such connection").await?;"#,
    )]
    pub async fn dismiss_orphan(
        &self,
        scope: &OperatorScope,
        exchange: AttemptId,
        reason: &str,
    ) -> Result<(), DisconnectError> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(DisconnectError::NoReason);
        }
        let before = exchange.0.0.checked_sub(1).map(|id| AttemptId(Seq(id)));
        let listed = self.inner.store.possible_orphans(None, self.now(), before, 1).await;
        let listed = listed.map_err(DisconnectError::NotClosed)?;
        if listed.first().is_none_or(|attempt| attempt.id != exchange) {
            return Err(DisconnectError::NotListed);
        }
        let end = AttemptEnd::Dismissed { operator: scope.name().clone(), reason };
        self.end_attempt(exchange, end).await.map_err(DisconnectError::NotClosed)
    }

    pub(crate) async fn lost_exchanges(
        &self,
        customer: Option<&CustomerId>,
        now: Timestamp,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<(Vec<Attempt>, Option<Cursor>), StoreError> {
        let after = after.map(|Cursor(id, _)| AttemptId(id));
        let rows = self.inner.store.possible_orphans(customer, now, after, limit).await?;
        last_of("possible_orphans", after, rows.iter().map(|lost| lost.id))?;
        let next = Cursor::behind(&rows, limit, |lost| Cursor(lost.id.0, 0));
        Ok((rows, next))
    }

    /// What a later token of the same connection is worth to a lost exchange.
    pub(crate) async fn cover(&self, lost: &Attempt) -> Result<Cover, StoreError> {
        let Some(by) = lost.covered_by() else { return Ok(Cover::Lost) };
        let since = self.inner.system.monotonic();
        let found = self.holding(by).await?;
        let token = found.as_ref().and_then(|connection| connection.token(by));
        Ok(token.map_or(Cover::Lost, |token| lost.cover(token, self.is_over(lost, since))))
    }

    /// Whether a lost exchange could take effect at Finch no more at `since`, by the process's own clock. It
    /// is stored under the time at which it began.
    pub(crate) fn is_over(&self, lost: &Attempt, since: Duration) -> bool {
        lost.exchange.as_ref().is_none_or(|exchange| {
            !self.inner.exchanges.runs(lost.id)
                && self.inner.pending_effects.until(exchange.began_at) <= since
        })
    }
}
