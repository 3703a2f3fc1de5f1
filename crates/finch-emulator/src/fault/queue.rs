//! The faults that wait for their calls.

use std::collections::VecDeque;

use hyper::Method;

use super::Fault;

#[derive(Clone, Default)]
pub(crate) struct FaultQueue {
    waiting: VecDeque<Fault>,
}

impl FaultQueue {
    /// The most faults that can wait.
    pub(crate) const LIMIT: usize = 10_000;

    pub(crate) fn room(&self) -> usize {
        Self::LIMIT.saturating_sub(self.waiting.len())
    }

    pub(crate) fn push(&mut self, fault: Fault) {
        if fault.times > 0 {
            self.waiting.push_back(fault);
        }
    }

    /// The oldest fault that matches, which is now one call nearer to its end.
    pub(crate) fn take(&mut self, method: &Method, path: &str) -> Option<Fault> {
        let at = self.waiting.iter().position(|fault| {
            fault.method.as_deref().is_none_or(|wanted| wanted == method.as_str())
                && fault.path.as_deref().is_none_or(|wanted| wanted == path)
        })?;
        if self.waiting[at].times <= 1 {
            return self.waiting.remove(at);
        }
        self.waiting[at].times -= 1;
        Some(self.waiting[at].clone())
    }

    pub(crate) fn waiting(&self) -> impl Iterator<Item = &Fault> {
        self.waiting.iter()
    }

    pub(crate) fn remove(&mut self, at: usize) {
        self.waiting.remove(at);
    }

    pub(crate) fn clear(&mut self) {
        self.waiting.clear();
    }
}
