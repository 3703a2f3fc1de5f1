//! The one loop that changes a connection: load, decide, commit; and again where the connection has moved.

use finch_core::{CompanyId, Connection, Draft, Selector, Seq, StoreError};

use crate::Finch;

impl Finch {
    /// Decides on the connection as it is, and commits. None: there is no such connection.
    pub(crate) async fn change<T>(
        &self,
        selector: Selector<'_>,
        mut decide: impl FnMut(&mut Draft) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.change_beside(selector, None, |draft, _| decide(draft)).await
    }

    /// The same, beside the connection of the same provider and of this company, if the one to be changed
    /// has none yet.
    pub(crate) async fn change_beside<T>(
        &self,
        selector: Selector<'_>,
        company: Option<&CompanyId>,
        mut decide: impl FnMut(&mut Draft, Option<&Connection>) -> T,
    ) -> Result<Option<T>, StoreError> {
        loop {
            let Some(connection) = self.store().load(selector, None).await? else {
                return Ok(None);
            };
            let pair = match company.filter(|_| connection.company.is_none()) {
                Some(company) => {
                    self.store().load(Selector::Pair(&connection.provider, company), None).await?
                }
                None => None,
            };
            let mut draft = Draft::of(connection);
            let decided = decide(&mut draft, pair.as_ref());
            match self.commit(draft).await {
                Ok(_) => return Ok(Some(decided)),
                Err(StoreError::Moved) => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Commits what was decided, once. Returns the number of the commit; none where nothing differs.
    pub(crate) async fn commit(&self, draft: Draft) -> Result<Option<Seq>, StoreError> {
        match draft.finish() {
            Some(commit) => self.store().commit(commit).await.map(Some),
            None => Ok(None),
        }
    }
}
