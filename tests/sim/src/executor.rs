//! Runs a host's tasks until all of them wait.

use std::{
    future::poll_fn,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    task::{Poll, Waker},
};

use tokio::runtime::{Builder, Handle, Runtime};

use crate::finch::lock;

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
                if let Some(waker) = lock(&seen.waker).take() {
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
        self.runtime.block_on(poll_fn(|context| {
            if self.idle.reached.swap(false, Ordering::Relaxed) {
                return Poll::Ready(());
            }
            *lock(&self.idle.waker) = Some(context.waker().clone());
            Poll::Pending
        }));
    }
}
