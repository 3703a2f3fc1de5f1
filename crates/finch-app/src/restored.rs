//! A store that was restored from a backup.

use finch_core::{
    Connection, Draft, OperatorScope, Query, Scope as _, Selector, StoreError, TokenState, decide,
};

use crate::{Finch, walk::Walk};

impl Finch {
    /// Puts every token that is in use in doubt, since what has happened at Finch since the backup is not known.
    /// The reconciler asks Finch about each. To be called before a restored store is used; safe to repeat. Returns
    /// how many tokens were in use.
    ///
    /// # Errors
    /// [`StoreError`]; what is done so far is kept.
    pub async fn doubt_all(&self, scope: &OperatorScope) -> Result<usize, StoreError> {
        let (mut in_doubt, mut walk) = (0, Walk::of("connections"));
        loop {
            let query = Query { customer: None, connection: None, after: walk.after(), limit: 100 };
            let page = self.store().connections(&query).await?;
            if !walk.goes_on(page.iter().map(|connection| connection.key))? {
                return Ok(in_doubt);
            }
            let in_use = |c: &&Connection| c.tokens.iter().any(|t| t.state == TokenState::Active);
            for connection in page.iter().filter(in_use) {
                let doubt = |draft: &mut Draft| decide::doubt(draft, scope.actor(), self.now());
                let doubted = self.change(Selector::Key(connection.key), doubt).await?;
                in_doubt += doubted.unwrap_or_default();
            }
        }
    }
}
