//! A store that was restored from a backup.

use finch_core::{
    ConnectionFilter, Draft, OperatorScope, Scope as _, Selector, StoreError, TokenState, decide,
};

use crate::Finch;

impl Finch {
    /// Puts every token that is in use in doubt, since what has happened at Finch since the backup is not known.
    /// The reconciler asks Finch about each. To be called before a restored store is used; safe to repeat. Returns
    /// how many tokens were in use.
    #[doc = example!(
        "let in_doubt = finch.doubt_all(operator).await?;",
        "finch.reconcile(operator, Pass::Everything).await?;",
    )]
    /// # Errors
    /// [`StoreError`]; what is done so far is kept.
    pub async fn doubt_all(&self, scope: &OperatorScope) -> Result<usize, StoreError> {
        let (mut in_doubt, mut listed) = (0, self.listed(ConnectionFilter::All, None));
        while let Some(connection) = listed.next().await? {
            if connection.tokens.iter().any(|token| token.state == TokenState::Active) {
                let doubt = |draft: &mut Draft| decide::doubt(draft, scope.actor(), self.now());
                let doubted = self.change(Selector::Key(connection.key), doubt).await?;
                in_doubt += doubted.unwrap_or_default();
            }
        }
        Ok(in_doubt)
    }
}
