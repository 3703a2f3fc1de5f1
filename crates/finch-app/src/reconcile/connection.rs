//! One connection in a pass.

use finch_core::{
    Actor, Connection, ConnectionKey, Intent, Selector, StoreError, TokenId, TokenState, decide,
};

use super::{Reconciled, StillPending};
use crate::{Changed, DisconnectOutcome, Finch, drive::Drive};

impl Finch {
    /// Goes on with one connection until nothing is left that this pass can do. What Finch says of one token
    /// may leave work for the others: a connection whose employer it names merges into another one, whose
    /// disconnect is reopened; a refusal of the last live token leaves those of customers who have left.
    ///
    /// Returns where the connection is kept then.
    pub(super) async fn reconcile_connection(
        &self,
        key: ConnectionKey,
        how: Drive<'_>,
        report: &mut Reconciled,
    ) -> Result<ConnectionKey, StoreError> {
        let found = self.store().load(Selector::Key(key), None).await?;
        // By a token, since the connection may merge into another one.
        let Some(anchor) = found.and_then(|c| c.tokens.first().map(|t| t.id)) else {
            return Ok(key);
        };
        loop {
            let Some(found) = self.begin_left_over(anchor).await? else { return Ok(key) };
            let driven = self.drive(anchor, None, how).await?;
            let Some(before) = self.holding(anchor).await? else { return Ok(key) };
            match driven {
                None => {}
                Some(DisconnectOutcome::Disconnected { .. }) => {
                    report.disconnected.push(Changed::revoked_between(&found, &before));
                }
                Some(outcome) => {
                    let connection_id = found.handle(None).cloned();
                    report.pending.push(StillPending { connection_id, outcome });
                    return Ok(before.key);
                }
            }
            self.settle(anchor, None, how).await?;
            let Some(after) = self.holding(anchor).await? else { return Ok(key) };
            report.verified.extend(Changed::verified_between(&before, &after).if_any());
            report.refused.extend(Changed::revoked_between(&before, &after).if_any());
            if !decide::has_new_work(&before, &after) {
                let in_doubt = after.tokens.iter().filter(|t| t.state == TokenState::Unverified);
                report.unverified += in_doubt.count();
                report.unnamed += usize::from(decide::nameless_token(&after).is_some());
                return Ok(after.key);
            }
        }
    }

    /// Begins the disconnect of what is left over, if anything is. Returns the connection as it was before.
    async fn begin_left_over(&self, anchor: TokenId) -> Result<Option<Connection>, StoreError> {
        self.change(Selector::TokenId(anchor), |draft| {
            let found = draft.connection().clone();
            if decide::is_left_over(&found) {
                let intent = Intent { by: Actor::Reconciler, reason: None, at: self.now() };
                decide::fence(draft, intent);
            }
            found
        })
        .await
    }

    async fn holding(&self, token: TokenId) -> Result<Option<Connection>, StoreError> {
        self.store().load(Selector::TokenId(token), None).await
    }
}
