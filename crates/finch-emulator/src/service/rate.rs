//! How many requests come within a second.

use std::{collections::VecDeque, time::Duration};

/// The number of requests within any second of the emulator's clock.
#[derive(Default)]
pub(super) struct Rate {
    /// The requests of the last second: when, and how many then.
    last: VecDeque<(Duration, u64)>,
    within: u64,
    most: u64,
}

impl Rate {
    const SECOND: Duration = Duration::from_secs(1);

    pub(super) fn count(&mut self, now: Duration) {
        while let Some((at, count)) = self.last.front()
            && now.saturating_sub(*at) >= Self::SECOND
        {
            self.within -= count;
            self.last.pop_front();
        }
        match self.last.back_mut() {
            Some((at, count)) if *at == now => *count += 1,
            _ => self.last.push_back((now, 1)),
        }
        self.within += 1;
        self.most = self.most.max(self.within);
    }

    pub(super) fn most(&self) -> u64 {
        self.most
    }
}
