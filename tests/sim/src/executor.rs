//! Runs a host's tasks until all of them wait, and a single future to its end.

use std::{
    future::Future,
    pin::{Pin, pin},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll, Wake, Waker},
    thread::{self, Thread},
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

    /// Where tasks are spawned.
    pub(crate) fn handle(&self) -> &Handle {
        self.runtime.handle()
    }

    /// Runs until every task waits for something that only the scheduler can give.
    pub(crate) fn run_until_idle(&self) {
        self.runtime.block_on(UntilIdle(&self.idle));
    }
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
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

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs one future to its end on this thread, outside of any runtime: a store then reads in place.
pub(crate) fn finish<T>(future: impl Future<Output = T>) -> T {
    let mut future = pin!(future);
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(result) => return result,
            Poll::Pending => thread::park(),
        }
    }
}
