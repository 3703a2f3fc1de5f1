//! Tasks that run to their end although their caller goes away.

use std::sync::Arc;

use tokio::{sync::watch, task::JoinHandle};

/// How many there are.
#[derive(Debug, Default)]
pub(crate) struct Tasks(Arc<watch::Sender<usize>>);

/// One of them: counts until it is dropped.
struct Counted(Arc<watch::Sender<usize>>);

impl Drop for Counted {
    fn drop(&mut self) {
        self.0.send_modify(|tasks| *tasks -= 1);
    }
}

impl Tasks {
    pub(crate) fn spawn<T: Send + 'static>(
        &self,
        task: impl Future<Output = T> + Send + 'static,
    ) -> JoinHandle<T> {
        self.0.send_modify(|tasks| *tasks += 1);
        let counted = Counted(Arc::clone(&self.0));
        tokio::spawn(async move {
            let done = task.await;
            drop(counted);
            done
        })
    }

    pub(crate) async fn idle(&self) {
        // The sender lives as long as this does.
        let _ = self.0.subscribe().wait_for(|tasks| *tasks == 0).await;
    }
}
