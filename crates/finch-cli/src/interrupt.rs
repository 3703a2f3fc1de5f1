//! Signals: what has begun at Finch is finished first, so that no answer is lost to Ctrl-C.

use std::{
    future::Future,
    pin::pin,
    sync::atomic::{AtomicBool, Ordering},
};

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::{
    fail::{Exit, Failure},
    output::{self, Sheet},
};

/// SIGINT and SIGTERM, from the moment at which this is made.
pub(crate) struct Stop {
    interrupt: Signal,
    terminate: Signal,
}

impl Stop {
    pub(crate) fn listen() -> Result<Self, Failure> {
        let listen = |kind| {
            signal(kind).map_err(|error| {
                Failure::new(Exit::Failed, "signals", "signals cannot be handled").because(&error)
            })
        };
        Ok(Self {
            interrupt: listen(SignalKind::interrupt())?,
            terminate: listen(SignalKind::terminate())?,
        })
    }

    /// Waits for the next one.
    pub(crate) async fn asked(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }
}

/// Does work whose end must not be lost. The first signal lets it finish, the second does not:
/// `meaning` says what is then left.
pub(crate) async fn finish<T>(work: impl Future<Output = T>, meaning: &str) -> Result<T, Failure> {
    wind_up(work, &AtomicBool::new(false), meaning).await
}

/// The same for work that could go on for long: the first signal sets `stopped`, which ends it early.
pub(crate) async fn wind_up<T>(
    work: impl Future<Output = T>,
    stopped: &AtomicBool,
    meaning: &str,
) -> Result<T, Failure> {
    let mut stop = Stop::listen()?;
    let mut work = pin!(work);
    tokio::select! {
        done = &mut work => return Ok(done),
        () = stop.asked() => {}
    }
    stopped.store(true, Ordering::SeqCst);
    let mut sheet = Sheet::default();
    sheet.line("finch: finishing what has begun at Finch; once more stops at once");
    output::write(anstream::stderr().lock(), &sheet.render())?;
    tokio::select! {
        done = work => Ok(done),
        () = stop.asked() => Err(Failure::new(Exit::Stopped, "stopped", "stopped half-way").help(meaning)),
    }
}
