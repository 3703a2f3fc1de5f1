//! Leases and pacing: the right to call Finch for a connection has one holder at a time, in this process and in
//! all others on the same store; and background work calls no faster than all of them together may.

use std::{
    pin::pin,
    sync::{Arc, PoisonError, Weak},
    time::Duration,
};

use finch_core::{Chain, ConnectionKey, LEASE, Leased, StoreError, Timestamp};
use tokio::sync::OwnedMutexGuard;

use crate::Finch;

/// A lease is renewed when so much of it has passed.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 4);

/// How much a piece of work does, and what it waits for.
#[derive(Clone, Copy)]
pub(crate) enum Effort<'a> {
    /// What is due, without waiting but for its turns to call Finch, and for as long as this says: the
    /// reconciler.
    WhatIsDue(GoesOn<'a>),
    /// The same with everything once, due or not: a person reconciles.
    Everything(GoesOn<'a>),
    /// Everything once, without waiting: a customer has just connected.
    AtOnce,
    /// Everything once, and on until `disconnect_patience` is used up: a person waits.
    Patiently,
}

/// Whether background work goes on.
pub(crate) type GoesOn<'a> = &'a (dyn Fn() -> bool + Sync);

impl Effort<'_> {
    /// Whether nothing waits for its time.
    pub(crate) fn hurries(self) -> bool {
        !matches!(self, Self::WhatIsDue(_))
    }

    /// Whether it takes turns with all other background work.
    fn is_paced(self) -> bool {
        matches!(self, Self::WhatIsDue(_) | Self::Everything(_))
    }

    /// Whether it ends early where calls to Finch take long. Where a person reconciles, each token is
    /// tried, however many there are.
    pub(crate) fn is_timed(self) -> bool {
        !matches!(self, Self::Everything(_))
    }

    pub(crate) fn goes_on(self) -> bool {
        match self {
            Self::WhatIsDue(goes_on) | Self::Everything(goes_on) => goes_on(),
            Self::AtOnce | Self::Patiently => true,
        }
    }

    /// Whether it waits for what another instance works on, and for its own retries.
    pub(crate) fn waits(self, why: Wait) -> bool {
        match self {
            Self::Patiently => true,
            Self::Everything(_) => why == Wait::ForAnother,
            Self::WhatIsDue(_) | Self::AtOnce => false,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wait {
    /// Another instance works on the connection.
    ForAnother,
    /// It was tried, and is tried again later.
    ToTryAgain,
}

/// How often a connection that another instance works on is looked at.
pub(crate) const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// Work on one connection: alone in this process, and under a lease once one is asked for.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    finch: &'a Finch,
    /// On which connection; none while it changes.
    alone: Option<(ConnectionKey, OwnedMutexGuard<()>)>,
    /// Of which connection, and when it was renewed.
    leased: Option<(ConnectionKey, Duration)>,
    turn: bool,
}

impl Finch {
    /// Begins to work on a connection once no other task of this process works on it.
    pub(crate) async fn work_on(&self, connection: ConnectionKey) -> Work<'_> {
        let alone = Some((connection, self.alone_on(connection).await));
        Work { finch: self, alone, leased: None, turn: false }
    }

    /// The right to call Finch for this connection: one holder at a time in this process.
    async fn alone_on(&self, connection: ConnectionKey) -> OwnedMutexGuard<()> {
        let alone = {
            let mut working = self.inner.working.lock().unwrap_or_else(PoisonError::into_inner);
            working.retain(|_, alone| alone.strong_count() > 0);
            let known = working.get(&connection).and_then(Weak::upgrade);
            known.unwrap_or_else(|| {
                let alone = Arc::default();
                working.insert(connection, Arc::downgrade(&alone));
                alone
            })
        };
        alone.lock_owned().await
    }

    /// Waits until this time, or until another instance may be done. False: that is too long.
    pub(crate) async fn has_waited(
        &self,
        until: Timestamp,
        why: Wait,
        how: Effort<'_>,
        now: Timestamp,
        used: &mut Duration,
    ) -> bool {
        let wait = until.duration_since(now).unsigned_abs();
        let wait = if why == Wait::ForAnother { wait.min(LOOK_AGAIN) } else { wait };
        *used += wait;
        let waits = how.waits(why) && *used <= self.inner.options.disconnect_patience;
        if waits {
            self.inner.system.sleep(wait).await;
        }
        waits
    }
}

impl Work<'_> {
    /// Takes or renews the lease. A connection that was merged meanwhile goes by another key, and another
    /// task may be at work on that one: this waits until no other task of this process is, and answers
    /// [`Absorbed`](Leased::Absorbed), since much may have changed.
    pub(crate) async fn lease(&mut self, connection: ConnectionKey) -> Result<Leased, StoreError> {
        if self.alone.as_ref().is_none_or(|(key, _)| *key != connection) {
            self.release().await;
            // One at a time: two that each wait for the other's would wait for ever.
            self.alone = None;
            self.alone = Some((connection, self.finch.alone_on(connection).await));
            return Ok(Leased::Absorbed);
        }
        self.ask(connection).await
    }

    async fn ask(&mut self, connection: ConnectionKey) -> Result<Leased, StoreError> {
        let finch = self.finch;
        let monotonic = finch.inner.system.monotonic();
        if let Some((key, renewed)) = self.leased
            && key == connection
            && monotonic.saturating_sub(renewed) < RENEW
        {
            return Ok(Leased::Taken);
        }
        let leased =
            finch.inner.store.lease(connection, &finch.inner.instance, finch.now()).await?;
        let held = matches!(leased, Leased::Held(_) | Leased::Absorbed);
        self.leased = (!held).then_some((connection, monotonic));
        Ok(leased)
    }

    /// Waits for the turn of the next call to Finch, where background work takes turns, and asks for the lease.
    /// [`Absorbed`](Leased::Absorbed) also where it has waited: the connection is to be loaded again.
    pub(crate) async fn ready(
        &mut self,
        connection: ConnectionKey,
        how: Effort<'_>,
    ) -> Result<Leased, StoreError> {
        if how.is_paced() && self.wait_for_a_turn().await? {
            return Ok(Leased::Absorbed);
        }
        self.lease(connection).await
    }

    /// Waits for the next turn to call Finch, if it was not waited for already. Returns whether it waited:
    /// then much may have changed.
    pub(crate) async fn wait_for_a_turn(&mut self) -> Result<bool, StoreError> {
        if std::mem::take(&mut self.turn) {
            return Ok(false);
        }
        let (finch, now) = (self.finch, self.finch.now());
        let turn = finch.inner.store.take_turn(finch.inner.options.reconcile_interval, now).await?;
        let wait = turn.duration_since(now);
        if !wait.is_positive() {
            return Ok(false);
        }
        finch.inner.system.sleep(wait.unsigned_abs()).await;
        self.turn = true;
        Ok(true)
    }

    /// Calls Finch, and keeps the lease meanwhile, however long that takes.
    pub(crate) async fn call<T>(&mut self, call: impl Future<Output = T>) -> T {
        let mut call = pin!(call);
        loop {
            tokio::select! {
                biased;
                answer = &mut call => return answer,
                () = self.finch.inner.system.sleep(RENEW) => {}
            }
            if let Some((key, _)) = self.leased {
                // Should it be lost, the answer is written down all the same, and the next call waits.
                self.leased = None;
                if let Err(error) = self.lease(key).await {
                    tracing::debug!(error = %Chain(&error), "a lease could not be renewed");
                }
            }
        }
    }

    /// Gives the lease back. Where that fails, it runs out.
    pub(crate) async fn release(&mut self) {
        if let Some((key, _)) = self.leased.take()
            && let Err(error) =
                self.finch.inner.store.release(key, &self.finch.inner.instance).await
        {
            tracing::debug!(error = %Chain(&error), "a lease runs out by itself");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::{future::ready, pin::pin, sync::Arc};

    use finch_core::{ConnectionKey, Leased, Selector, TokenStore as _};
    use finch_testkit::{
        FakeFinch, MemoryTokenStore, Reach, application, facts, grant, store_token,
    };

    use crate::{Finch, Kek};

    /// Two tasks of one process share its leases: what keeps them apart is the connection that each is on.
    #[tokio::test]
    async fn one_task_works_on_what_two_connections_became() {
        let store = Arc::new(MemoryTokenStore::new(application()));
        let (api, key) = (FakeFinch::new(application(), Reach::Pair), Kek::generate().unwrap());
        let finch = Finch::builder(Arc::new(api), store.clone(), Arc::new(key));
        let finch = finch.open().await.unwrap();
        let id = store_token(&*store, "acme", grant("t", facts("k", "gusto", "c"))).await;
        let one = store.load(Selector::TokenId(id), None).await.unwrap().unwrap().key;
        let absorbed = ConnectionKey(finch_core::Seq(one.0.0 + 1000));
        let mut first = finch.work_on(one).await;
        let mut second = finch.work_on(absorbed).await;
        assert_eq!(second.lease(absorbed).await.unwrap(), Leased::Absorbed, "it is not there");
        assert_eq!(first.lease(one).await.unwrap(), Leased::Taken);
        {
            let mut moves = pin!(second.lease(one));
            tokio::select! {
                biased;
                leased = &mut moves => panic!("{leased:?}, while the first task works on it"),
                () = ready(()) => {}
            }
            drop(first);
            assert_eq!(moves.await.unwrap(), Leased::Absorbed, "much may have changed");
        }
        assert_eq!(second.lease(one).await.unwrap(), Leased::Taken);
    }
}
