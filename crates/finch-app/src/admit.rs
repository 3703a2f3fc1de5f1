//! Admit: store a token that Finch has issued, or accepts.

use std::time::Duration;

use finch_core::{
    Grant, Revision, Seq, StoreError, TokenId,
    decide::{Admitted, Arrival, Arrived, Source, admit},
};

use crate::{Finch, change::Retries};

/// When an exchange began.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Began {
    /// Its place in the order of things.
    pub(crate) number: Seq,
    /// By the process's own clock, before anything was sent.
    pub(crate) monotonic: Duration,
}

impl Finch {
    /// Stores a token, for as long as the store has a chance: a try that has begun by then is the last. A commit
    /// whose result is unknown is looked up: the token is then known already. Returns its record, or none if the
    /// token is another customer's.
    pub(crate) async fn store_grant(
        &self,
        from: Source<'_>,
        began: Began,
        grant: &Grant,
    ) -> Result<Option<TokenId>, StoreError> {
        let began_at = self.inner.system.monotonic();
        let patience = self.inner.options.store_patience;
        let (mut wait, mut retries) = (Duration::from_millis(50), Retries::default());
        loop {
            match self.admit_once(from, began, grant).await {
                Ok(stored) => return Ok(stored),
                Err(StoreError::Moved) => retries.count(Revision(0))?,
                Err(error) => {
                    let waited = self.inner.system.monotonic().saturating_sub(began_at);
                    if waited >= patience {
                        return Err(error);
                    }
                    self.inner.system.sleep(wait.min(patience - waited)).await;
                    wait *= 2;
                }
            }
        }
    }

    async fn admit_once(
        &self,
        from: Source<'_>,
        began: Began,
        grant: &Grant,
    ) -> Result<Option<TokenId>, StoreError> {
        let Grant { secret, facts } = grant;
        let fingerprint = self.inner.vault.token(secret);
        let found = self.inner.store.find(&fingerprint, facts).await?;
        let Began { number, monotonic } = began;
        let found_connections = found.by_pair.iter().chain(&found.by_connection_id);
        let late = self.inner.pending_effects.of(found_connections, monotonic).is_some();
        let (facts, now) = (facts.clone(), self.now());
        let arrival = Arrival { facts, fingerprint, from, began: number, now, late };
        let Admitted { draft, arrived } = admit(found, arrival);
        let Some(draft) = draft else { return Ok(None) };
        let committed = self.commit(draft, Some(secret)).await?;
        Ok(match arrived {
            Arrived::Known(token) => Some(token),
            _ => committed.number.map(TokenId),
        })
    }
}
