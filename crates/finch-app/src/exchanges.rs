//! The exchanges that run in this process, and how long a repetition of one waits for its end.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use finch_core::{AttemptId, Claim};
use tokio::sync::Semaphore;

use crate::System;

/// How often the store is asked about an exchange that does not run in this process.
const LOOK_AGAIN: Duration = Duration::from_millis(200);

/// The exchanges that run in this process, and those that ended here without a stored end: nothing is left
/// to wait for.
#[derive(Debug, Default)]
pub(crate) struct Exchanges(Mutex<HashMap<AttemptId, End>>);

/// Closes when an exchange has ended, and wakes those that wait for it in their order.
type End = Arc<Semaphore>;

/// An exchange that runs, until this is dropped.
#[derive(Debug)]
pub(crate) struct Running<'a> {
    exchanges: &'a Exchanges,
    attempt: AttemptId,
    is_left_open: bool,
    end: End,
}

impl Exchanges {
    /// The exchange of this attempt runs from now on.
    pub(crate) fn begin(&self, attempt: AttemptId) -> Running<'_> {
        let end = Arc::new(Semaphore::new(0));
        self.running().insert(attempt, Arc::clone(&end));
        Running { exchanges: self, attempt, is_left_open: false, end }
    }

    /// Whether the exchange of this attempt runs in this process.
    pub(crate) fn runs(&self, attempt: AttemptId) -> bool {
        self.running().get(&attempt).is_some_and(|end| !end.is_closed())
    }

    /// Waits, if the exchange behind this claim still runs: until it has ended, until it is time to claim
    /// again, or `until`, by the process's own clock. Returns whether it has waited. Where the exchange runs in
    /// this process it is waited for even if its token is stored already, since Finch may still be asked whether
    /// the token works.
    pub(crate) async fn waited_for(
        &self,
        attempt: AttemptId,
        claim: &Claim,
        system: &dyn System,
        until: Duration,
    ) -> bool {
        let left = until.saturating_sub(system.monotonic());
        let repeats = matches!(claim, Claim::InProgress | Claim::Repeat(_));
        if !repeats || left.is_zero() {
            return false;
        }
        let running = self.running().get(&attempt).cloned();
        match (running, claim) {
            // One that has a stored end leaves the map before it closes.
            (Some(end), _) if end.is_closed() => return false,
            (Some(end), _) => tokio::select! {
                biased;
                _ = end.acquire() => {}
                () = system.sleep(left) => {}
            },
            (None, Claim::InProgress) => system.sleep(left.min(LOOK_AGAIN)).await,
            (None, _) => return false,
        }
        true
    }

    fn running(&self) -> MutexGuard<'_, HashMap<AttemptId, End>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Running<'_> {
    /// The exchange ends, and the store does not know how.
    pub(crate) fn leave_open(mut self) {
        self.is_left_open = true;
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        if !self.is_left_open {
            self.exchanges.running().remove(&self.attempt);
        }
        self.end.close();
    }
}
