//! A store that fails when a test asks for it.

use std::sync::Mutex;

use async_trait::async_trait;
use finch_core::StoreError;
use finch_testkit::Intercept;

/// What the store answers.
pub(crate) type Fault = fn() -> StoreError;

/// Says of each call by its method whether it fails.
type Rule = Box<dyn FnMut(&str) -> Option<StoreError> + Send>;

/// Which calls fail; none: no call.
#[derive(Default)]
pub(crate) struct Faults(Mutex<Option<Rule>>);

impl Faults {
    /// From now on every call fails.
    pub(crate) fn fail(&self, fault: Fault) {
        *self.0.lock().unwrap() = Some(Box::new(move |_| Some(fault())));
    }

    /// From the next call of `first` on, calls of `method` fail.
    pub(crate) fn fail_after(&self, first: &'static str, method: &'static str, fault: Fault) {
        let mut fails = false;
        *self.0.lock().unwrap() = Some(Box::new(move |called| {
            fails |= called == first;
            (fails && called == method).then(fault)
        }));
    }

    /// From now on calls of this method fail.
    pub(crate) fn fail_at(&self, method: &'static str, fault: Fault) {
        self.fail_after(method, method, fault);
    }

    pub(crate) fn recover(&self) {
        *self.0.lock().unwrap() = None;
    }
}

#[async_trait]
impl Intercept for Faults {
    async fn around<T: Send>(
        &self,
        method: &'static str,
        call: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, StoreError> {
        let fault = self.0.lock().unwrap().as_mut().and_then(|rule| rule(method));
        match fault {
            Some(fault) => Err(fault),
            None => call.await,
        }
    }
}
