//! Close: an operator vouches for an end that Finch does not prove.

use finch_core::{ConnectionId, OperatorScope, Selector, decide};

use crate::{DisconnectError, Finch};

impl Finch {
    /// Closes an open disconnect without Finch's proof: every token of it counts as dead, on the word of
    /// the operator and for this reason, and its secret is wiped. If a token lives on at Finch, nothing
    /// here can end it any more, and it is billed. Returns for how many tokens the operator vouches.
    #[doc = example!(
        r#"let vouched = finch.close_disconnect(operator, &id, "ended by Finch's support, ticket 7").await?;"#,
    )]
    pub async fn close_disconnect(
        &self,
        scope: &OperatorScope,
        connection: &ConnectionId,
        reason: &str,
    ) -> Result<usize, DisconnectError> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(DisconnectError::NoReason);
        }
        let now = self.now();
        let closed = self.change(Selector::ConnectionId(connection), |draft| {
            let open = draft.connection().open_disconnect()?.id;
            let unproven = draft.connection().tokens.iter().filter(|t| t.is_unproven()).count();
            decide::close(draft, open, scope.name(), reason, now);
            Some(unproven)
        });
        let unproven =
            closed.await.map_err(DisconnectError::NotClosed)?.ok_or(DisconnectError::NotFound)?;
        let unproven = unproven.ok_or(DisconnectError::NotDisconnecting)?;
        self.inner.pending_effects.note(now);
        Ok(unproven)
    }
}
