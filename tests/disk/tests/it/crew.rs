//! Work for all processors: each takes the next piece until there is none; the first failure ends all.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
    time::Duration,
};

/// A piece of work that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// Hands out pieces until there is none, and says what is going on if that takes too long.
///
/// # Panics
/// With the first failure.
pub(crate) fn share<P: Send + std::fmt::Debug>(
    pieces: impl Iterator<Item = P> + Send,
    work: impl Fn(P) -> Result<(), String> + Sync,
) {
    let crew = thread::available_parallelism().map_or(1, usize::from);
    let (pieces, failed, failure) = (Mutex::new(pieces), AtomicBool::new(false), Mutex::new(None));
    thread::scope(|scope| {
        for _ in 0..crew {
            scope.spawn(|| {
                while !failed.load(Ordering::SeqCst) {
                    let Some(piece) = pieces.lock().unwrap().next() else { break };
                    let watched = watch(format!("{piece:?}"));
                    if let Err(what) = work(piece) {
                        failed.store(true, Ordering::SeqCst);
                        failure.lock().unwrap().get_or_insert(what);
                    }
                    drop(watched);
                }
            });
        }
    });
    if let Some(what) = failure.into_inner().unwrap() {
        panic!("{what}");
    }
}

/// Ends the process if what it returns is not dropped in time: no thread can be stopped otherwise.
fn watch(what: String) -> mpsc::Sender<()> {
    let (done, wait) = mpsc::channel::<()>();
    thread::spawn(move || {
        if wait.recv_timeout(PATIENCE) == Err(mpsc::RecvTimeoutError::Timeout) {
            eprintln!("{what} hangs");
            std::process::abort();
        }
    });
    done
}
