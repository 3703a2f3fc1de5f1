//! Close: an operator vouches for an end that Finch does not prove.

use finch_core::{
    Actionable, Advice, AttemptEnd, AttemptId, ConnectionId, ErrorKind, OperatorScope, Selector,
    StoreError, decide,
};
use thiserror::Error;

use crate::Finch;

/// Why nothing was closed.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum CloseError {
    /// There is no such connection, or no such exchange on the list of possible orphans.
    #[error("there is nothing of this name to close")]
    NotFound,
    /// The connection has no open disconnect: disconnect it first.
    #[error("no disconnect of this connection is open")]
    NotDisconnecting,
    /// No reason was given: it is the only evidence that will be left.
    #[error("the reason is missing")]
    NoReason,
    /// The store failed. Nothing was closed.
    #[error("nothing was closed, since the store failed")]
    Store(#[from] StoreError),
}

impl Actionable for CloseError {
    fn advice(&self) -> Advice {
        let (kind, code, step) = match self {
            Self::NotFound => {
                (ErrorKind::NotFound, "not_found", "`finch attention` lists what can be closed")
            }
            Self::NotDisconnecting => {
                (ErrorKind::State, "not_disconnecting", "disconnect the connection first")
            }
            Self::NoReason => (
                ErrorKind::InvalidInput,
                "no_reason",
                "give the reason: it is the only evidence that will be left",
            ),
            Self::Store(error) => return error.advice(),
        };
        Advice::new(kind, code, step)
    }
}

impl Finch {
    /// Closes an open disconnect without Finch's proof: every token of it counts as dead, on the word of
    /// the operator and for this reason, and its secret is wiped. If a token lives on at Finch, nothing
    /// here can end it any more, and it is billed. Returns for how many tokens the operator vouches.
    ///
    #[doc = example!(
        r#"let vouched = finch.close_disconnect(operator, &id, "ended by Finch's support, ticket 7").await?;"#,
    )]
    /// # Errors
    /// [`CloseError`].
    pub async fn close_disconnect(
        &self,
        scope: &OperatorScope,
        connection: &ConnectionId,
        reason: &str,
    ) -> Result<usize, CloseError> {
        let reason = reason.trim();
        if reason.is_empty() {
            return Err(CloseError::NoReason);
        }
        let now = self.now();
        let closed = self.change(Selector::ConnectionId(connection), |draft| {
            let open = draft.connection().open_disconnect()?.id;
            let unproven = draft.connection().tokens.iter().filter(|t| t.is_unproven()).count();
            decide::close(draft, open, scope.name(), reason, now);
            Some(unproven)
        });
        let unproven = closed.await?.ok_or(CloseError::NotFound)?;
        let unproven = unproven.ok_or(CloseError::NotDisconnecting)?;
        self.pending_effects().note(now);
        Ok(unproven)
    }

    /// Takes a lost exchange off the list of possible orphans, on the word of the operator and for this
    /// reason: Finch's dashboard or support shows that no token is left of it.
    ///
    #[doc = example!(
        "# let lost: PossibleOrphan = unreachable!();",
        r#"finch.dismiss_orphan(operator, lost.exchange, "the dashboard shows no such connection").await?;"#,
    )]
    /// # Errors
    /// [`CloseError`].
    pub async fn dismiss_orphan(
        &self,
        scope: &OperatorScope,
        exchange: AttemptId,
        reason: &str,
    ) -> Result<(), CloseError> {
        let reason = reason.trim().to_owned();
        if reason.is_empty() {
            return Err(CloseError::NoReason);
        }
        let before = exchange.0.0.checked_sub(1).map(|id| AttemptId(finch_core::Seq(id)));
        let listed = self.store().possible_orphans(None, self.now(), before, 1).await?;
        if listed.first().is_none_or(|attempt| attempt.id != exchange) {
            return Err(CloseError::NotFound);
        }
        let end = AttemptEnd::Dismissed { operator: scope.name().clone(), reason };
        Ok(self.end_attempt(exchange, end).await?)
    }
}
