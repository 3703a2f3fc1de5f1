//! Work for all processors: each takes the next piece until there is none, or one has failed.

use std::{
    fmt::Debug,
    process,
    sync::{
        Mutex, PoisonError,
        mpsc::{self, RecvTimeoutError},
    },
    thread,
    time::Duration,
};

/// A piece of work that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Hands out pieces up to the first failure, which is returned. A piece that hangs ends the process, and is
/// named.
pub fn share<P: Send + Debug, E: Send>(
    pieces: impl Iterator<Item = P> + Send,
    work: impl Fn(P) -> Result<(), E> + Sync,
) -> Option<E> {
    let (pieces, failure) = (Mutex::new(pieces.fuse()), Mutex::new(None));
    let next = || pieces.lock().unwrap_or_else(PoisonError::into_inner).next();
    let failed = || failure.lock().unwrap_or_else(PoisonError::into_inner);
    let take_part = || {
        while failed().is_none()
            && let Some(piece) = next()
        {
            let watched = watch(format!("{piece:?}"));
            if let Err(what) = work(piece) {
                failed().get_or_insert(what);
            }
            drop(watched);
        }
    };
    let processors = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| (0..processors).for_each(|_| drop(scope.spawn(take_part))));
    failure.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Ends the process if what it returns is not dropped in time: no thread can be stopped otherwise.
#[expect(clippy::print_stderr, reason = "it says what hangs")]
fn watch(what: String) -> mpsc::Sender<()> {
    let (done, wait) = mpsc::channel::<()>();
    thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(RecvTimeoutError::Timeout) {
            eprintln!("{what} hangs");
            process::abort();
        }
    });
    done
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failure_is_returned() {
        assert_eq!(share(0..1000, |_| Ok::<_, u64>(())), None);
        let failed = share(0.., |piece| if piece < 500 { Ok(()) } else { Err(piece) });
        assert!(failed.is_some_and(|piece| piece >= 500));
    }
}
