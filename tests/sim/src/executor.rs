//! Runs a host's tasks until all of them wait.

use std::{
    future::Future,
    pin::Pin,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Waker},
};

use tokio::runtime::{Builder, Handle, Runtime};

/// A runtime on this thread that tells when all its tasks wait.
pub(crate) struct Executor {
    runtime: Runtime,
    idle: Arc<Idle>,
}

#[derive(Default)]
struct Idle {
    reached: AtomicBool,
    waker: Mutex<Option<Waker>>,
}

impl Executor {
    /// A runtime without tasks.
    ///
    /// # Panics
    /// If the system has no room for one.
    pub(crate) fn new() -> Self {
        let idle = Arc::new(Idle::default());
        let seen = Arc::clone(&idle);
        let runtime = Builder::new_current_thread()
            // HttpFinch has a deadline, which never comes here.
            .enable_time()
            // The runtime parks its thread only when no task can go on.
            .on_thread_park(move || {
                seen.reached.store(true, Ordering::Relaxed);
                if let Some(waker) =
                    seen.waker.lock().unwrap_or_else(PoisonError::into_inner).take()
                {
                    waker.wake();
                }
            })
            .build();
        Self { runtime: runtime.expect("a runtime"), idle }
    }

    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Runs until every task waits for something that only the scheduler can give.
    pub(crate) fn run_until_idle(&self) {
        self.runtime.block_on(UntilIdle(&self.idle));
    }
}

struct UntilIdle<'a>(&'a Idle);

impl Future for UntilIdle<'_> {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if self.0.reached.swap(false, Ordering::Relaxed) {
            return Poll::Ready(());
        }
        *self.0.waker.lock().unwrap_or_else(PoisonError::into_inner) =
            Some(context.waker().clone());
        Poll::Pending
    }
}
