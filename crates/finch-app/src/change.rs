//! The one loop that changes a connection: load, decide, seal, commit; and again where the connection has moved.

use finch_core::{
    AccessToken, CompanyId, Connection, Draft, Reseal, Revision, SealedAs, SecretRow, Selector,
    Seq, StoreError, TokenId,
};

use crate::Finch;

/// What a commit has done.
#[derive(Debug, Default)]
pub(crate) struct Committed {
    /// Its number; none where nothing differed.
    pub(crate) number: Option<Seq>,
    /// Tokens whose secret was to be sealed again, and does not open. It stays as it is.
    pub(crate) unreadable: Vec<TokenId>,
}

/// Commits that were refused although nothing had moved: rows of the store contradict each other.
#[derive(Debug, Default)]
pub(crate) struct Retries {
    at: Option<Revision>,
    times: u32,
}

impl Retries {
    /// So many times a race with other processes may refuse a commit at one revision.
    const MANY: u32 = 100;

    /// Another commit was refused, of a decision on this revision.
    ///
    /// # Errors
    /// [`StoreError::Corrupt`]: it would be refused for ever.
    pub(crate) fn count(&mut self, revision: Revision) -> Result<(), StoreError> {
        let times = if self.at == Some(revision) { self.times + 1 } else { 1 };
        *self = Self { at: Some(revision), times };
        if times < Self::MANY {
            return Ok(());
        }
        let problem = "two of its connections claim the same provider and employer, name or token";
        Err(StoreError::Corrupt(problem.to_owned()))
    }
}

impl Finch {
    /// Decides on the connection as it is, and commits. None: there is no such connection.
    pub(crate) async fn change<T>(
        &self,
        selector: Selector<'_>,
        mut decide: impl FnMut(&mut Draft) -> T,
    ) -> Result<Option<T>, StoreError> {
        let changed = self.change_beside(selector, None, |draft, _| decide(draft)).await?;
        Ok(changed.map(|(decided, _)| decided))
    }

    /// The same, beside the connection of the same provider and of this company, if the one to be changed
    /// has none yet; and with what the commit has done.
    pub(crate) async fn change_beside<T>(
        &self,
        selector: Selector<'_>,
        company: Option<&CompanyId>,
        mut decide: impl FnMut(&mut Draft, Option<&Connection>) -> T,
    ) -> Result<Option<(T, Committed)>, StoreError> {
        let (store, mut retries) = (&self.inner.store, Retries::default());
        loop {
            let Some(connection) = store.load(selector, None).await? else { return Ok(None) };
            let revision = connection.revision;
            let pair = match company.filter(|_| connection.company.is_none()) {
                Some(company) => {
                    store.load(Selector::Pair(&connection.provider, company), None).await?
                }
                None => None,
            };
            let mut draft = Draft::of(connection);
            let decided = decide(&mut draft, pair.as_ref());
            match self.commit(draft, None).await {
                Ok(committed) => return Ok(Some((decided, committed))),
                Err(StoreError::Moved) => retries.count(revision)?,
                Err(error) => return Err(error),
            }
        }
    }

    /// Commits what was decided, once; with the secret of the token that is new in it, if one is.
    pub(crate) async fn commit(
        &self,
        draft: Draft,
        new: Option<&AccessToken>,
    ) -> Result<Committed, StoreError> {
        let (reseals, changes) = (draft.reseals(), draft.customer_changes());
        let Some(mut commit) = draft.finish() else { return Ok(Committed::default()) };
        if let Some(row) = &mut commit.connection {
            row.record = self.inner.vault.link(row.record, &commit.events)?;
        }
        loop {
            let (secrets, unreadable) = self.seal(&reseals, new).await?;
            let mut sealed = commit.clone();
            sealed.secrets.extend(secrets);
            match self.inner.store.commit(sealed).await {
                Ok(number) => {
                    if let Some(sink) = &self.inner.sink {
                        changes.iter().for_each(|change| sink.on_change(change));
                    }
                    return Ok(Committed { number: Some(number), unreadable });
                }
                // Another process has rotated the data key.
                Err(StoreError::OldEpoch) if self.inner.vault.reload().await? => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Seals these secrets as their tokens should be. One that does not open is left as it is: nothing that is
    /// decided fails over it.
    async fn seal(
        &self,
        reseals: &[Reseal],
        new: Option<&AccessToken>,
    ) -> Result<(Vec<SecretRow>, Vec<TokenId>), StoreError> {
        let (mut secrets, mut unreadable) = (Vec::new(), Vec::new());
        for Reseal { token, was } in reseals {
            // What is sealed as held comes into use by no row that says it was something else.
            let comes_into_use = matches!(token.sealed_as(), SealedAs::Usable | SealedAs::InDoubt);
            let kept = match was {
                None => Ok(new.cloned()),
                Some(was) if comes_into_use => self.inner.vault.secret_as(token, &[*was]).await,
                Some(_) => self.inner.vault.secret(token).await,
            };
            let secret = match kept {
                Err(StoreError::Unreadable { .. }) => {
                    unreadable.push(token.id);
                    None
                }
                kept => kept?,
            };
            if let Some(secret) = secret {
                let sealed = Some(self.inner.vault.seal(token, &secret)?);
                secrets.push(SecretRow { token: token.id, sealed });
            }
        }
        Ok((secrets, unreadable))
    }
}
