//! The right to call Finch for a connection: one holder at a time, in this process and in all others on
//! the same store; and in background work no faster than all of them together may.

use std::{pin::pin, time::Duration};

use finch_core::{ConnectionKey, LEASE, Leased, StoreError};
use tokio::sync::OwnedMutexGuard;

use crate::Finch;

/// A lease is renewed when so much of it has passed.
const RENEW: Duration = Duration::from_secs(LEASE.as_secs() / 4);

/// Work on one connection: alone in this process, and under a lease once one is asked for.
#[derive(Debug)]
pub(crate) struct Work<'a> {
    finch: &'a Finch,
    _alone: OwnedMutexGuard<()>,
    /// Of which connection, and when it was renewed.
    leased: Option<(ConnectionKey, Duration)>,
    turn: bool,
}

impl Finch {
    /// Begins to work on a connection, as soon as nobody else in this process does.
    pub(crate) async fn work_on(&self, connection: ConnectionKey) -> Work<'_> {
        let alone = self.drive_alone(connection).await;
        Work { finch: self, _alone: alone, leased: None, turn: false }
    }
}

impl Work<'_> {
    /// Takes or renews the lease. A connection that was merged meanwhile goes by another key. A lease that
    /// was taken over stays so until [`noted`](Self::noted).
    pub(crate) async fn lease(&mut self, connection: ConnectionKey) -> Result<Leased, StoreError> {
        let leased = self.ask(connection).await?;
        let mut taken_over = self.finch.taken_over();
        if leased == Leased::TakenOver {
            taken_over.insert(connection);
        }
        let held = matches!(leased, Leased::Held(_));
        let is_unnoted = !held && taken_over.contains(&connection);
        Ok(if is_unnoted { Leased::TakenOver } else { leased })
    }

    /// It is written down that this connection was taken over.
    pub(crate) fn noted(&self, connection: ConnectionKey) {
        self.finch.taken_over().remove(&connection);
    }

    async fn ask(&mut self, connection: ConnectionKey) -> Result<Leased, StoreError> {
        let finch = self.finch;
        let monotonic = finch.system().monotonic();
        match self.leased {
            Some((key, renewed))
                if key == connection && monotonic.saturating_sub(renewed) < RENEW =>
            {
                return Ok(Leased::Taken);
            }
            Some((key, _)) if key != connection => self.release().await,
            _ => {}
        }
        let leased = finch.store().lease(connection, finch.instance(), finch.now()).await?;
        let held = matches!(leased, Leased::Held(_));
        self.leased = (!held).then_some((connection, monotonic));
        Ok(leased)
    }

    /// Waits for the next turn to call Finch, if it was not waited for already. Returns whether it waited:
    /// then much may have changed.
    pub(crate) async fn wait_for_a_turn(&mut self) -> Result<bool, StoreError> {
        if std::mem::take(&mut self.turn) {
            return Ok(false);
        }
        let (finch, now) = (self.finch, self.finch.now());
        let turn = finch.store().take_turn(finch.options().reconcile_interval, now).await?;
        let wait = turn.duration_since(now);
        if !wait.is_positive() {
            return Ok(false);
        }
        finch.system().sleep(wait.unsigned_abs()).await;
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
                () = self.finch.system().sleep(RENEW) => {}
            }
            if let Some((key, _)) = self.leased {
                // Should it be lost, the answer is written down all the same, and the next call waits.
                self.leased = None;
                if let Err(error) = self.lease(key).await {
                    tracing::debug!(%error, "a lease could not be renewed");
                }
            }
        }
    }

    /// Gives the lease back. Where that fails, it runs out; and also where it was taken over and that is
    /// not written down: whoever comes next takes it over from the dead one, through this one.
    pub(crate) async fn release(&mut self) {
        if let Some((key, _)) = self.leased.take()
            && !self.finch.taken_over().contains(&key)
            && let Err(error) = self.finch.store().release(key, self.finch.instance()).await
        {
            tracing::debug!(%error, "a lease runs out by itself");
        }
    }
}
