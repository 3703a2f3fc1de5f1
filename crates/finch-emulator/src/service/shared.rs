//! The service as the server and its owner share it.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Service;

#[derive(Clone)]
pub(crate) struct Shared(Arc<Mutex<Service>>);

impl Shared {
    pub(crate) fn new(service: Service) -> Self {
        Self(Arc::new(Mutex::new(service)))
    }

    /// The service after the effects that are due.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Service> {
        let mut service = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        service.settle();
        service
    }
}
