//! Lost exchanges in a pass: those of which no token can be left come off the list.

use finch_core::{
    Attempt, AttemptEnd, Chain, Connection, Cover, Selector, StoreError, decide::Observed,
};

use super::Reconciled;
use crate::{Finch, observe::Probed, walk::last_of, work::Effort};

impl Finch {
    /// Takes lost exchanges off the list, for good: those that were to renew a connection which has ended
    /// since, and those that a later token has covered until Finch ended it. Where it depends on whether Finch
    /// accepts that token, Finch is asked, until it gives no answer.
    pub(super) async fn clear_lost_exchanges(
        &self,
        how: Effort<'_>,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let (mut after, now, mut asks) = (None, self.now(), true);
        loop {
            let page = self.inner.store.possible_orphans(None, now, after, 100).await?;
            let last = last_of("possible_orphans", after, page.iter().map(|lost| lost.id))?;
            if last.is_none() {
                return Ok(());
            }
            after = last;
            for lost in &page {
                if let Err(error) = self.clear_lost_exchange(lost, how, &mut asks, report).await {
                    tracing::warn!(error = %Chain(&error), "a lost exchange stays listed");
                    report.failed += 1;
                }
            }
        }
    }

    async fn clear_lost_exchange(
        &self,
        lost: &Attempt,
        how: Effort<'_>,
        asks: &mut bool,
        report: &mut Reconciled,
    ) -> Result<(), StoreError> {
        let renewed = match &lost.purpose.reauthenticates {
            Some(id) => self.inner.store.load(Selector::ConnectionId(id), None).await?,
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

    /// Asks Finch about the token that covers this lost exchange. `asks` ends where Finch gives no answer.
    async fn accepts_cover(
        &self,
        lost: &Attempt,
        how: Effort<'_>,
        asks: &mut bool,
        report: &mut Reconciled,
    ) -> Result<bool, StoreError> {
        let Some(by) = lost.covered_by() else { return Ok(false) };
        let Some(before) = self.holding(by).await? else { return Ok(false) };
        let is_in_use = |c: &Connection| {
            c.open_disconnect().is_none() && c.token(by).is_some_and(|t| t.state.is_live())
        };
        let mut work = self.work_on(before.key).await;
        let asked = self.probe_in_turn(by, how, &mut work, is_in_use).await;
        work.release().await;
        if let Some(after) = self.holding(by).await? {
            report.count_changes(&before, &after);
        }
        match asked? {
            Probed::Said(Observed::Accepted | Observed::NeedsReauth, None) => return Ok(true),
            Probed::Said(Observed::Refused, _) | Probed::Unwanted | Probed::Left => {}
            Probed::Said(..) => *asks = false,
        }
        Ok(false)
    }
}
