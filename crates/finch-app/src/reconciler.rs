//! The reconciler: a background task that goes on with everything that is unfinished.

use std::{fmt, sync::Arc, time::Duration};

use finch_core::{Chain, OperatorScope, StoreError};
use tokio::{sync::watch, task::JoinHandle};

use crate::{Finch, Pass, Reconciled};

/// Called after every pass.
pub type OnPass = Arc<dyn Fn(Result<&Reconciled, &StoreError>) + Send + Sync>;

/// How the background task works.
#[derive(Clone)]
pub struct ReconcilerOptions {
    /// How long it rests between two passes, at most: half of it is chance, so that several instances do
    /// not march in step. Default: 2 s. A pass without work costs three reads of the store.
    pub rest: Duration,
    /// What the first pass does. Default: what is due.
    pub first: Pass,
    /// Called after every pass.
    pub on_pass: Option<OnPass>,
}

impl Default for ReconcilerOptions {
    fn default() -> Self {
        Self { rest: Duration::from_secs(2), first: Pass::Due, on_pass: None }
    }
}

impl fmt::Debug for ReconcilerOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("ReconcilerOptions");
        shown.field("rest", &self.rest).field("first", &self.first).finish_non_exhaustive()
    }
}

/// The background task. Dropping it stops the task as [`stop`](Self::stop) does, without waiting.
#[derive(Debug)]
pub struct Reconciler {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Finch {
    /// Reconciles in the background, pass after pass, until it is stopped. Several instances, in this
    /// process or in others on the same store, share the work. An error of the store ends a pass and not
    /// the task.
    #[doc = example!(
        "let reconciler = finch.spawn_reconciler(operator.clone(), ReconcilerOptions::default());",
        "// When the server takes no more requests:",
        "reconciler.stop().await;",
        "finch.idle().await;",
    )]
    pub fn spawn_reconciler(&self, scope: OperatorScope, options: ReconcilerOptions) -> Reconciler {
        let (stop, stopped) = watch::channel(false);
        let task = tokio::spawn(run(self.clone(), scope, options, stopped));
        Reconciler { stop, task }
    }
}

impl Reconciler {
    /// Stops: a call to Finch that has begun is finished and its answer written down, nothing new begins,
    /// and what was leased is given back.
    pub async fn stop(self) {
        self.stop.send_replace(true);
        if let Err(error) = self.task.await {
            tracing::warn!(%error, "the reconciler has ended early");
        }
    }
}

async fn run(
    finch: Finch,
    scope: OperatorScope,
    options: ReconcilerOptions,
    stopped: watch::Receiver<bool>,
) {
    let mut pass = options.first;
    // The sender may be dropped: that is a stop too.
    let goes_on = || !*stopped.borrow() && stopped.has_changed().is_ok();
    while goes_on() {
        let report = finch.reconcile_while(&scope, pass, &goes_on).await;
        if let Some(on_pass) = &options.on_pass {
            on_pass(report.as_ref());
        }
        if let Err(error) = report {
            tracing::warn!(error = %Chain(&error), "a pass of the reconciler has failed");
        }
        pass = Pass::Due;
        let rest = options.rest.mul_f64(0.5 + finch.jitter() / 2.0);
        let mut stopped = stopped.clone();
        tokio::select! {
            biased;
            _ = stopped.wait_for(|stop| *stop) => return,
            () = finch.inner.system.sleep(rest) => {}
        }
    }
}
