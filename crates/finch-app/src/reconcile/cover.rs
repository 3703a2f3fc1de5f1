//! Whether Finch accepts the token that covers a lost exchange.

use finch_core::{Attempt, Leased, Selector, StoreError, TokenId, decide::Observed};

use super::Reconciled;
use crate::{Changed, Finch, drive::Drive, work::Work};

impl Finch {
    /// Asks Finch about the token that covers this lost exchange. `asks` ends where Finch gives no answer.
    pub(super) async fn accepts_cover(
        &self,
        lost: &Attempt,
        how: Drive<'_>,
        asks: &mut bool,
        report: &mut Reconciled,
    ) -> Result<bool, StoreError> {
        let Some(by) = lost.covered_by() else { return Ok(false) };
        let load = async || self.store().load(Selector::TokenId(by), None).await;
        let Some(before) = load().await? else { return Ok(false) };
        let mut work = self.work_on(before.key).await;
        let accepted = self.accepts(by, how, &mut work).await;
        work.release().await;
        if let Some(after) = load().await? {
            report.verified.extend(Changed::verified_between(&before, &after).if_any());
            report.refused.extend(Changed::revoked_between(&before, &after).if_any());
        }
        let accepted = accepted?;
        *asks &= accepted.is_some();
        Ok(accepted == Some(true))
    }

    /// Whether Finch accepts a token that is in use; none: it does not say.
    async fn accepts(
        &self,
        token: TokenId,
        how: Drive<'_>,
        work: &mut Work<'_>,
    ) -> Result<Option<bool>, StoreError> {
        loop {
            let found = self.store().load(Selector::TokenId(token), None).await?;
            let is_in_use = |c: &finch_core::Connection| {
                c.open_disconnect().is_none() && c.token(token).is_some_and(|t| t.state.is_live())
            };
            let Some(connection) = found.filter(is_in_use).filter(|_| how.goes_on()) else {
                return Ok(Some(false));
            };
            if work.wait_for_a_turn().await? {
                continue;
            }
            match work.lease(connection.key).await? {
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
