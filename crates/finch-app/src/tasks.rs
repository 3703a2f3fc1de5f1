//! Tasks that run to their end although their caller goes away.

use tokio::{sync::watch, task::JoinHandle};

use crate::Finch;

/// How many there are.
#[derive(Debug, Default)]
pub(crate) struct Tasks(watch::Sender<usize>);

/// One of them: counts until it is dropped.
struct Counted(Finch);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.tasks().0.send_modify(|tasks| *tasks -= 1);
    }
}

impl Finch {
    /// Does something in a task of its own, which [`idle`](Self::idle) waits for.
    /// [`complete_connect`](Self::complete_connect) and [`disconnect`](Self::disconnect) do so by themselves.
    /// Without an [event sink](crate::EventSink), wrap the first in this together with the rescue of its
    /// token: servers drop the work for a browser that goes away, and the error may hold the only copy.
    pub fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.tasks().0.send_modify(|tasks| *tasks += 1);
        let counted = Counted(self.clone());
        tokio::spawn(async move {
            let done = task.await;
            drop(counted);
            done
        })
    }

    /// Waits until nothing is left of exchanges and disconnects that were begun, and of what was
    /// [spawned](Self::spawn). Call it before a process ends, when
    /// it takes no more requests and its reconciler has [stopped](crate::Reconciler::stop); never within such a
    /// task, which would wait for itself.
    pub async fn idle(&self) {
        // The sender lives as long as this Finch.
        let _ = self.tasks().0.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}
