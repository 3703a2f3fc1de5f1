//! An application that another process overtakes.

use std::{
    pin::Pin,
    sync::{Arc, Mutex},
};

use async_trait::async_trait;
use finch_app::Finch;
use finch_core::StoreError;
use finch_testkit::{Intercept, Intercepted};

use crate::{World, open_finch};

/// What the other process does.
type Other = Pin<Box<dyn Future<Output = ()> + Send>>;

/// So many calls of this method pass, and the other process comes before the next.
struct Overtaken {
    method: &'static str,
    other: Mutex<(usize, Option<Other>)>,
}

#[async_trait]
impl Intercept for Overtaken {
    async fn around<T: Send>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let other = match &mut *self.other.lock().unwrap() {
            (0, other) if method == self.method => other.take(),
            (left, _) => {
                *left -= usize::from(method == self.method);
                None
            }
        };
        if let Some(other) = other {
            other.await;
        }
        call.await
    }
}

impl World {
    /// Another process on the same store. Once it has called this method of the store so many times, those at its
    /// opening among them, `other` happens before it calls it again.
    pub async fn overtaken(
        &self,
        (method, times): (&'static str, usize),
        other: impl Future<Output = ()> + Send + 'static,
    ) -> Finch {
        let other = Mutex::new((times, Some(Box::pin(other) as Other)));
        let store = Intercepted::new(Overtaken { method, other }, self.store.clone());
        open_finch(self.finch.clone(), Arc::new(store), self.system.clone()).await
    }
}
