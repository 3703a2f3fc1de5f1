//! Lost exchanges in a pass: those of which no token can be left come off the list.

use finch_core::{
    Attempt, AttemptEnd, Connection, Cover, Leased, Selector, StoreError, TokenId, decide::Observed,
};

use super::Reconciled;
use crate::{
    Finch,
    walk::Walk,
    work::{Effort, Work},
};

impl Finch {
    /// Takes lost exchanges off the list, for good: those that were to renew a connection which has ended
    /// since, and those that a later token has covered until Finch ended it. Where it depends on whether Finch
    /// accepts that token, Finch is asked, until it gives no answer.
    pub(super) async fn clear_lost_exchanges(
        &self,
        how: Effort<'_>,
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
        how: Effort<'_>,
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
        let mut work = self.work_on(before.key).await;
        let accepted = self.accepts(by, how, &mut work).await;
        work.release().await;
        if let Some(after) = self.holding(by).await? {
            report.count_changes(&before, &after);
        }
        let accepted = accepted?;
        *asks &= accepted.is_some();
        Ok(accepted == Some(true))
    }

    /// Whether Finch accepts a token that is in use; none: it does not say.
    async fn accepts(
        &self,
        token: TokenId,
        how: Effort<'_>,
        work: &mut Work<'_>,
    ) -> Result<Option<bool>, StoreError> {
        loop {
            let is_in_use = |c: &Connection| {
                c.open_disconnect().is_none() && c.token(token).is_some_and(|t| t.state.is_live())
            };
            let found = self.holding(token).await?.filter(is_in_use);
            let Some(connection) = found.filter(|_| how.goes_on()) else {
                return Ok(Some(false));
            };
            match work.ready(connection.key, how).await? {
                Leased::Held(_) => return Ok(Some(false)),
                Leased::Absorbed => continue,
                Leased::Taken => {}
            }
            return Ok(match self.probe(token, work).await? {
                (Observed::Accepted | Observed::NeedsReauth, None) => Some(true),
                (Observed::Refused, _) => Some(false),
                _ => None,
            });
        }
    }
}
