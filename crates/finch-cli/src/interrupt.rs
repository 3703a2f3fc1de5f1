//! Signals: what has begun at Finch is finished first, so that no signal loses an answer.

use std::{
    fs,
    future::Future,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    fail::{Exit, Failure},
    output,
};

/// SIGINT, SIGTERM and SIGHUP, from the moment at which this is made.
pub(crate) struct Stop([Option<Signal>; 3]);

impl Stop {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map(Some).map_err(|error| {
                Failure::new(Exit::Failed, "signals", "signals cannot be handled").because(&error)
            })
        };
        // A process that was started to outlive its terminal, as `nohup` does, goes on.
        let hang_up = SignalKind::hangup();
        let hang_up = if is_ignored(hang_up) { None } else { listen(hang_up)? };
        Ok(Self([listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?, hang_up]))
    }

    /// Waits for the next one.
    pub(crate) async fn asked(&mut self) {
        let next = self.0.iter_mut().flatten().map(|signal| Box::pin(signal.recv()));
        futures_util::future::select_all(next).await;
    }

    /// Waits for work that ends a command, unless another signal comes first.
    pub(crate) async fn before(
        &mut self,
        end: impl Future<Output = ()>,
        help: &str,
    ) -> Result<Exit, Failure> {
        tokio::select! {
            () = end => Ok(Exit::Done),
            () = self.asked() => Err(stopped(help)),
        }
    }
}

fn stopped(help: &str) -> Failure {
    Failure::new(Exit::Stopped, "stopped", "stopped before everything was finished").help(help)
}

/// Does work whose end must not be lost, and which ends in bounded time. The first signal lets it finish,
/// the second does not: `meaning` says what is then left.
pub(crate) async fn finish<T>(work: impl Future<Output = T>, meaning: &str) -> Result<T, Failure> {
    wind_up(work, &AtomicBool::new(false), meaning).await
}

/// The same for work that could continue for long: the first signal sets `is_stopped`, which ends it early.
pub(crate) async fn wind_up<T>(
    work: impl Future<Output = T>,
    is_stopped: &AtomicBool,
    meaning: &str,
) -> Result<T, Failure> {
    let mut stop = Stop::listen()?;
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        () = stop.asked() => {}
    }
    is_stopped.store(true, Ordering::SeqCst);
    notice_of_the_first();
    tokio::select! {
        done = work => Ok(done),
        () = stop.asked() => Err(stopped(meaning)),
    }
}

/// What the first signal means.
pub(crate) fn notice_of_the_first() {
    output::notice("finch: finishing what has begun at Finch; once more stops at once");
}

/// Whether this process was started to ignore a signal, where the system tells. Listening would end that.
fn is_ignored(kind: SignalKind) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|digits| u64::from_str_radix(digits.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}
