//! The faults that wait for matching requests.

use std::collections::VecDeque;

use super::Fault;
use crate::http::{Invalid, Request};

#[derive(Clone, Default)]
pub(crate) struct FaultQueue {
    waiting: VecDeque<Fault>,
}

impl FaultQueue {
    const LIMIT: usize = 10_000;

    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.waiting.push_back(fault);
        }
    }

    /// Queues all of the faults, or none if there is not enough room.
    pub(crate) fn push_all(&mut self, faults: Vec<Fault>) -> Result<(), Invalid> {
        if self.waiting.len() + faults.len() > Self::LIMIT {
            return Err(Invalid::body(format!("has too many faults: {} can wait", Self::LIMIT)));
        }
        self.waiting.extend(faults);
        Ok(())
    }

    /// The oldest matching fault, which then has one time less.
    pub(crate) fn take(&mut self, request: &Request) -> Option<Fault> {
        let position = self.waiting.iter().position(|fault| {
            fault.method.as_deref().is_none_or(|method| method == request.method().as_str())
                && fault.path.as_deref().is_none_or(|path| path == request.path())
        })?;
        let fault = &mut self.waiting[position];
        if fault.times <= 1 {
            return self.waiting.remove(position);
        }
        fault.times -= 1;
        Some(fault.clone())
    }

    pub(crate) fn waiting(&self) -> &VecDeque<Fault> {
        &self.waiting
    }

    pub(crate) fn remove(&mut self, position: usize) {
        self.waiting.remove(position);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
