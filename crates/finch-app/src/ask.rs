//! Ask: `/introspect` for one token after another, for as many as there are, at a pace that Finch bears.

use std::{fmt, time::Duration};

use finch_core::{
    AccessToken, Actionable, Advice, Backoff, ErrorKind, FailureKind, FinchApiError, Introspection,
    StoreError,
};
use thiserror::Error;

use crate::Finch;

/// How a run over many tokens goes.
///
/// ```
/// use std::time::Duration;
/// use finch_app::Pace;
///
/// let pace = Pace { on_wait: &|wait| println!("waiting {wait:?}"), ..Pace::of(Duration::from_millis(500)) };
/// ```
#[derive(Clone, Copy)]
pub struct Pace<'a> {
    /// How far calls to Finch are kept apart: those of all background work on the store together.
    pub every: Duration,
    /// Whether the run goes on; looked at before each call, and once a second in a wait.
    pub goes_on: &'a (dyn Fn() -> bool + Sync),
    /// Called for each wait: one that Finch asks for, or one after a failure.
    pub on_wait: &'a (dyn Fn(Duration) + Sync),
}

impl Pace<'_> {
    /// So far apart, to the end.
    pub fn of(every: Duration) -> Self {
        Self { every, goes_on: &|| true, on_wait: &|_| {} }
    }
}

impl fmt::Debug for Pace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pace").field("every", &self.every).finish_non_exhaustive()
    }
}

/// Why a run over many tokens stops. What was done is kept: run it again, and it goes on.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum RunError {
    /// Finch answers no call now.
    #[error("the run has stopped: Finch answers no call")]
    Finch(#[source] FinchApiError),
    /// The store failed.
    #[error("the run has stopped: the store failed")]
    Store(#[from] StoreError),
    /// The caller stopped it.
    #[error("the run was stopped")]
    Stopped,
}

impl Actionable for RunError {
    fn advice(&self) -> Advice {
        let advice = match self {
            Self::Finch(error) => error.advice(),
            Self::Store(error) => error.advice(),
            Self::Stopped => Advice::retry(ErrorKind::Unfinished, "stopped", ""),
        };
        advice.then("run the same again: it continues where it stopped")
    }
}

/// How often a call is made before Finch is thought to be down.
const TRIES: u32 = 5;
/// The longest wait that Finch is granted.
const LONGEST: Duration = Duration::from_secs(3600);
/// The longest sleep without a look at whether the run goes on.
const NAP: Duration = Duration::from_secs(1);

impl Finch {
    /// Asks Finch about one token, in its turn among all background work. What the answer says of this
    /// token alone, errors too, is the caller's to judge; what would hold for the next one as well stops
    /// the run, once time has not mended it.
    pub(crate) async fn ask(
        &self,
        token: &AccessToken,
        pace: Pace<'_>,
    ) -> Result<Result<Introspection, FinchApiError>, RunError> {
        let (mut failures, mut limits) = (0, 0);
        loop {
            self.await_a_turn(pace).await?;
            let error = match self.inner.api.introspect(token).await {
                Ok(said) => return Ok(Ok(said)),
                Err(error) => error,
            };
            let asked = error.retry_after().unwrap_or_default().min(LONGEST);
            let tried = match error.failure_kind() {
                // Finch has the last word on its own limit, however long that takes.
                _ if error.is_rate_limit() => {
                    limits += 1;
                    limits
                }
                FailureKind::TryLater | FailureKind::NoAnswer if failures + 1 < TRIES => {
                    failures += 1;
                    failures
                }
                FailureKind::TryLater | FailureKind::NoAnswer | FailureKind::PaymentRequired => {
                    return Err(RunError::Finch(error));
                }
                _ => return Ok(Err(error)),
            };
            let wait = asked.max(Backoff::RETRY.wait(tried, self.jitter()));
            (pace.on_wait)(wait);
            self.rest(wait, pace).await?;
        }
    }

    pub(crate) async fn await_a_turn(&self, pace: Pace<'_>) -> Result<(), RunError> {
        let now = self.now();
        let turn = self.inner.store.take_turn(pace.every, now).await?;
        self.rest(turn.duration_since(now).try_into().unwrap_or_default(), pace).await
    }

    /// Waits, for as long as the run goes on.
    async fn rest(&self, mut wait: Duration, pace: Pace<'_>) -> Result<(), RunError> {
        while (pace.goes_on)() {
            let nap = wait.min(NAP);
            if nap.is_zero() {
                return Ok(());
            }
            self.inner.system.sleep(nap).await;
            wait -= nap;
        }
        Err(RunError::Stopped)
    }
}
