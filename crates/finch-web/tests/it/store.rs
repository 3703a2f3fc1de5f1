//! A store that fails when a test asks for it.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use finch_core::{Application, MemoryTokenStore, StoreError};
use finch_testkit::{Intercept, Intercepted};

/// What the store answers.
pub(crate) type Fault = fn() -> StoreError;

/// A store in memory that fails when a test asks for it.
pub(crate) type FaultyStore = Intercepted<Faults>;

/// Which calls fail.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Failing>);

#[derive(Debug, Default)]
struct Failing {
    /// Of this method; empty: every method.
    now: Option<(&'static str, Fault)>,
    /// Once this method has been called, that one fails.
    later: Option<(&'static str, &'static str, Fault)>,
}

pub(crate) fn faulty_store(application: Application) -> FaultyStore {
    Intercepted::new(Faults::default(), Arc::new(MemoryTokenStore::new(application)))
}

impl Faults {
    /// From now on every call fails.
    pub(crate) fn fail(&self, fault: Fault) {
        self.fail_at("", fault);
    }

    /// From now on calls of this method fail.
    pub(crate) fn fail_at(&self, method: &'static str, fault: Fault) {
        self.0.lock().unwrap().now = Some((method, fault));
    }

    /// From the next call of `first` on, calls of `method` fail.
    pub(crate) fn fail_after(&self, first: &'static str, method: &'static str, fault: Fault) {
        self.0.lock().unwrap().later = Some((first, method, fault));
    }

    pub(crate) fn recover(&self) {
        self.0.lock().unwrap().now = None;
    }

    fn check(&self, method: &str) -> Result<(), StoreError> {
        let mut failing = self.0.lock().unwrap();
        if let Some((_, method, fault)) = failing.later.take_if(|(first, ..)| *first == method) {
            failing.now = Some((method, fault));
        }
        match failing.now {
            Some((at, fault)) if at.is_empty() || at == method => Err(fault()),
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Intercept for Faults {
    async fn around<T: Send>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        self.check(method)?;
        call.await
    }
}
